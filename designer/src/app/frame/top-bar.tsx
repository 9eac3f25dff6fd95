import { Languages, Moon, Search, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/button";
import { Menu, MenuChoice } from "@/components/ui/menu";
import { chooseLanguage } from "@/i18n";
import { type Language, preferences, type Theme, usePreference } from "../preferences";
import { openPalette } from "./palette-store";
import { useTitle } from "./title";

export function TopBar() {
  const { t } = useTranslation();
  const title = useTitle();
  const theme = usePreference("theme");
  const language = usePreference("language");
  const themes: { value: Theme; label: string }[] = [
    { value: "system", label: t("frame.themeSystem") },
    { value: "light", label: t("frame.themeLight") },
    { value: "dark", label: t("frame.themeDark") },
  ];
  const languages: { value: Language; label: string }[] = [
    { value: "id", label: "Bahasa Indonesia" },
    { value: "en", label: "English" },
  ];
  return (
    <header className="flex h-14 shrink-0 items-center gap-1 border-b bg-surface px-3 md:px-4">
      <div id="top-bar-title" className="flex min-w-0 flex-1 items-center gap-2 font-medium">
        <span className="truncate">{title}</span>
      </div>
      <Button
        size="small"
        className="text-muted max-md:border-transparent md:w-56 md:justify-start"
        onClick={openPalette}
      >
        <Search />
        <span className="flex-1 text-left font-normal max-md:sr-only">{t("frame.search")}</span>
        <kbd className="rounded border px-1 font-sans text-xs max-md:hidden">Ctrl K</kbd>
      </Button>
      <Menu
        trigger={
          <Button look="quiet" size="icon" aria-label={t("frame.language")}>
            <Languages />
          </Button>
        }
      >
        <MenuChoice
          value={language}
          options={languages}
          onChange={(value) => void chooseLanguage(value)}
        />
      </Menu>
      <Menu
        trigger={
          <Button look="quiet" size="icon" aria-label={t("frame.theme")}>
            <Sun className="dark:hidden" />
            <Moon className="not-dark:hidden" />
          </Button>
        }
      >
        <MenuChoice
          value={theme}
          options={themes}
          onChange={(value) => preferences.setState({ theme: value })}
        />
      </Menu>
    </header>
  );
}
