/** Times and numbers as people here write them: `Sen, 23 Nov 14.05`, `12.480`. */
import i18next from "i18next";

const locale = () => (i18next.language === "en" ? "en-GB" : "id-ID");

export function timeText(value: string | Date): string {
  return new Intl.DateTimeFormat(locale(), {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(value));
}

export function clockText(value: string | Date): string {
  return new Intl.DateTimeFormat(locale(), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(new Date(value));
}

export function numberText(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** `3 menit yang lalu`; the time itself when it is more than a week away. */
export function agoText(value: string | Date, now: number = Date.now()): string {
  const away = new Date(value).getTime() - now;
  if (Math.abs(away) > 7 * 86_400_000) return timeText(value);
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(away) >= size) return words.format(Math.round(away / size), unit);
  }
  return words.format(0, "minute");
}

/** How long something took: `340 ms`, `12,4 s`, `3 m 20 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60)
    return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(seconds)} s`;
  return `${Math.floor(seconds / 60)} m ${Math.round(seconds % 60)} s`;
}
