import { Link } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Logo } from "@/components/logo";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";
import { preferences, usePreference } from "../preferences";
import { PAGES } from "./pages";
import { Profile } from "./profile";

export function Rail() {
  const { t } = useTranslation();
  const wide = usePreference("railIsWide");
  const words = wide ? t("frame.narrow") : t("frame.widen");
  return (
    <nav
      aria-label={t("frame.menu")}
      className={cn(
        "flex shrink-0 flex-col gap-1 border-r bg-surface p-2 transition-[width] max-md:hidden",
        wide ? "w-52" : "w-14",
      )}
    >
      <div className={cn("mb-2 flex h-10 items-center gap-2", wide ? "px-2" : "justify-center")}>
        <Logo className="size-6" />
        {wide && <span className="font-semibold text-lg tracking-tight">{t("app.name")}</span>}
      </div>
      {PAGES.map(({ key, to, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          aria-label={t(`pages.${key}`)}
          title={wide ? undefined : t(`pages.${key}`)}
          className={cn(
            "flex h-9 items-center gap-3 rounded-control px-2.5 text-muted transition-colors hover:bg-sunken hover:text-text data-[status=active]:bg-[color-mix(in_oklab,var(--primary)_11%,transparent)] data-[status=active]:font-medium data-[status=active]:text-primary",
            !wide && "justify-center px-0",
          )}
        >
          <Icon className="size-4.5 shrink-0" />
          {wide && t(`pages.${key}`)}
        </Link>
      ))}
      <div className="flex-1" />
      <Profile wide={wide} />
      <Button
        look="quiet"
        size="small"
        className={cn(wide ? "justify-start" : "px-0")}
        aria-label={words}
        title={words}
        onClick={() => preferences.setState({ railIsWide: !wide })}
      >
        {wide ? <PanelLeftClose /> : <PanelLeftOpen />}
        {wide && words}
      </Button>
    </nav>
  );
}
