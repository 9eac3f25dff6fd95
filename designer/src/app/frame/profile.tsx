import { useQuery } from "@tanstack/react-query";
import { BookOpen, LogOut } from "lucide-react";
import { useTranslation } from "react-i18next";
import { me, signOut } from "@/app/account";
import { Button } from "@/components/ui/button";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "@/components/ui/menu";
import { cn } from "@/lib/cn";

export function Profile({ wide }: { wide: boolean }) {
  const { t } = useTranslation();
  const { data } = useQuery(me);
  const name = data?.user?.name || data?.user?.email || "";
  return (
    <Menu
      side={wide ? "top" : "right"}
      align="start"
      trigger={
        <Button look="quiet" className={cn("h-11", wide ? "justify-start px-2" : "px-0")}>
          <span className="sr-only">{t("frame.account")}</span>
          <span className="grid size-7 shrink-0 place-items-center rounded-full bg-primary text-on-primary text-xs uppercase">
            {name.slice(0, 1)}
          </span>
          {wide && (
            <span className="grid min-w-0 text-left leading-tight">
              <span className="truncate text-sm text-text">{name}</span>
              <span className="truncate text-xs">{data?.tenant.name}</span>
            </span>
          )}
        </Button>
      }
    >
      <MenuLabel>{data?.user?.email}</MenuLabel>
      <MenuItem asChild>
        <a href="/api-docs" target="_blank" rel="noreferrer">
          <BookOpen />
          {t("frame.apiDocs")}
        </a>
      </MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={() => void signOut()}>
        <LogOut />
        {t("frame.signOut")}
      </MenuItem>
    </Menu>
  );
}
