import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { PAGES } from "./pages";

/** The menu on a phone. */
export function BottomBar() {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("frame.menu")} className="flex border-t bg-surface md:hidden">
      {PAGES.map(({ key, to, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className="grid h-14 flex-1 place-items-center content-center gap-0.5 text-muted text-xs data-[status=active]:text-primary"
        >
          <Icon className="size-5" />
          {t(`pages.${key}`)}
        </Link>
      ))}
    </nav>
  );
}
