import { type ClassValue, clsx } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

const merge = extendTailwindMerge({
  extend: { theme: { radius: ["card", "control"], shadow: ["raised"] } },
});

/** Class names, later ones winning over earlier ones of the same kind. */
export function cn(...given: ClassValue[]): string {
  return merge(clsx(given));
}
