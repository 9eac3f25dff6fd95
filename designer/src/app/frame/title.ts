import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { PAGES } from "./pages";

/** The area the page belongs to: for the top bar and the browser's tab. */
export function useTitle(): string {
  const { t } = useTranslation();
  const path = useLocation({ select: (location) => location.pathname });
  const page = PAGES.find(({ to }) => path === to || path.startsWith(`${to}/`));
  const title = page ? t(`pages.${page.key}`) : "";
  useEffect(() => {
    document.title = title ? `${title} · Alir` : "Alir";
  }, [title]);
  return title;
}
