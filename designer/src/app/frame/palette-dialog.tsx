import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { LogOut, Moon, Plus, Workflow } from "lucide-react";
import { Dialog as Base } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ask, flowsListFlows } from "@/api";
import { signOut } from "../account";
import { preferences } from "../preferences";
import { PAGES } from "./pages";
import { closePalette } from "./palette-store";

const FLOWS_MOST = 200;

function Item({ children, onSelect }: { children: ReactNode; onSelect: () => void }) {
  return (
    <Command.Item
      onSelect={() => {
        closePalette();
        onSelect();
      }}
      className="flex h-10 items-center gap-3 rounded-control px-3 data-[selected=true]:bg-sunken [&_svg]:size-4 [&_svg]:text-muted"
    >
      {children}
    </Command.Item>
  );
}

const groupLook =
  "[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:text-xs";

export default function PaletteDialog() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const flows = useQuery({
    queryKey: ["flows", "names"],
    queryFn: () => ask(flowsListFlows({ query: { limit: FLOWS_MOST } })),
  });
  return (
    <Base.Root open onOpenChange={closePalette}>
      <Base.Portal>
        <Base.Overlay className="fixed inset-0 z-40 bg-[rgb(8_16_20/45%)]" />
        <Base.Content
          aria-describedby={undefined}
          className="-translate-x-1/2 fixed top-[14vh] left-1/2 z-50 w-[min(36rem,calc(100vw-2rem))] animate-appear overflow-hidden rounded-card border bg-raised shadow-raised"
        >
          <Base.Title className="sr-only">{t("palette.title")}</Base.Title>
          <Command label={t("palette.title")} loop>
            <Command.Input
              placeholder={t("palette.placeholder")}
              className="h-12 w-full border-b bg-transparent px-4 text-lg outline-none placeholder:text-muted"
            />
            <Command.List className="max-h-[50vh] overflow-auto p-1.5">
              <Command.Empty className="p-6 text-center text-muted">
                {t("palette.nothing")}
              </Command.Empty>
              <Command.Group heading={t("palette.go")} className={groupLook}>
                {PAGES.map(({ key, to, icon: Icon }) => (
                  <Item key={to} onSelect={() => void navigate({ to })}>
                    <Icon />
                    {t(`pages.${key}`)}
                  </Item>
                ))}
              </Command.Group>
              {flows.data && flows.data.items.length > 0 && (
                <Command.Group heading={t("palette.flows")} className={groupLook}>
                  {flows.data.items.map((flow) => (
                    <Item
                      key={flow.id}
                      onSelect={() =>
                        void navigate({ to: "/flows/$flowId", params: { flowId: flow.id } })
                      }
                    >
                      <Workflow />
                      {flow.name}
                      <span className="sr-only"> {flow.slug}</span>
                    </Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading={t("palette.commands")} className={groupLook}>
                <Item onSelect={() => void navigate({ to: "/templates" })}>
                  <Plus />
                  {t("palette.newFlow")}
                </Item>
                <Item
                  onSelect={() => {
                    const isDark = document.documentElement.dataset.theme === "dark";
                    preferences.setState({ theme: isDark ? "light" : "dark" });
                  }}
                >
                  <Moon />
                  {t("frame.theme")}: {t("frame.themeLight")} / {t("frame.themeDark")}
                </Item>
                <Item onSelect={() => void signOut()}>
                  <LogOut />
                  {t("frame.signOut")}
                </Item>
              </Command.Group>
            </Command.List>
          </Command>
        </Base.Content>
      </Base.Portal>
    </Base.Root>
  );
}
