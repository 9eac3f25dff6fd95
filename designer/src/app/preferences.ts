import { createStore, useStore } from "zustand";
import { persist } from "zustand/middleware";

export type Theme = "system" | "light" | "dark";
export type Language = "id" | "en";

interface Preferences {
  theme: Theme;
  language: Language;
  railIsWide: boolean;
}

/** What a person chose on this device. */
export const preferences = createStore<Preferences>()(
  persist((): Preferences => ({ theme: "system", language: "id", railIsWide: true }), {
    name: "alir.preferences",
  }),
);

export function usePreference<K extends keyof Preferences>(name: K): Preferences[K] {
  return useStore(preferences, (state) => state[name]);
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** Show the chosen theme, and follow the system's where none is chosen. */
export function applyTheme(): void {
  const show = () => {
    const { theme } = preferences.getState();
    const isDark = theme === "dark" || (theme === "system" && dark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  };
  show();
  preferences.subscribe(show);
  dark.addEventListener("change", show);
}
