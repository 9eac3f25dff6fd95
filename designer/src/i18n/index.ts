import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { type Language, preferences } from "@/app/preferences";
import type words from "./id";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof words };
  }
}

const LANGUAGES: Record<Language, () => Promise<{ default: object }>> = {
  id: () => import("./id"),
  en: () => import("./en"),
};

/** Load this language's words, and show them. Each language is a file of its own. */
export async function startLanguage(language: Language): Promise<void> {
  const { default: words } = await LANGUAGES[language]();
  document.documentElement.lang = language;
  if (i18next.isInitialized) {
    i18next.addResourceBundle(language, "translation", words, true, true);
    await i18next.changeLanguage(language);
    return;
  }
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: words } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}

export async function chooseLanguage(language: Language): Promise<void> {
  await startLanguage(language);
  preferences.setState({ language });
}

/** `title` of a JSON Schema or a pair of languages, in the language shown. */
export function inLanguage(text: { id: string; en: string } | undefined, fallback = ""): string {
  if (!text) return fallback;
  return (i18next.language === "en" ? text.en : text.id) || text.en || fallback;
}
