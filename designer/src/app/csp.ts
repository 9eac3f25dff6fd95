declare global {
  var __webpack_nonce__: string | undefined;
}

/** The number under which this page may add style elements. Dialogs do, to keep the page still. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
}

/** Tell the libraries that add style elements (they look under this name) the page's number. */
export function allowStyles(): void {
  globalThis.__webpack_nonce__ = styleNonce();
}
