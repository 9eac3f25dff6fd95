import { lazy, Suspense, useEffect } from "react";
import { togglePalette, usePaletteIsOpen } from "./palette-store";

const PaletteDialog = lazy(() => import("./palette-dialog"));

/** Ctrl+K (or Cmd+K) anywhere; its code comes when it is opened first. */
export function Palette() {
  const open = usePaletteIsOpen();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        togglePalette();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  if (!open) return null;
  return (
    <Suspense>
      <PaletteDialog />
    </Suspense>
  );
}
