import i18next from "i18next";

/** A port's name in words; ports that a person named stand as they are. */
export function portLabel(port: string): string {
  const key = `ports.${port}`;
  return i18next.exists(key) ? i18next.t(key as "ports.ok") : port.replaceAll("_", " ");
}
