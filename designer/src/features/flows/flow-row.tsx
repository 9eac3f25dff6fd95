import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { History, MoreHorizontal, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { FlowItem } from "@/api";
import { KindBadge } from "@/components/kind-badge";
import { sayProblem } from "@/components/say";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/menu";
import { agoText, timeText } from "@/lib/format";
import { FlowSwitch } from "./flow-switch";
import { deleteLater, takeBack, UNDO_MS } from "./pending-deletions";
import { deleteFlow } from "./queries";

export function FlowRow({ flow }: { flow: FlowItem }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const { name } = flow;

  function remove() {
    setAsked(false);
    const act = async () => {
      await deleteFlow(flow.id);
      await client.invalidateQueries({ queryKey: ["flows"] });
    };
    deleteLater(flow.id, act, sayProblem);
    toast(t("flows.deleted", { name }), {
      duration: UNDO_MS,
      action: { label: t("action.undo"), onClick: () => takeBack(flow.id) },
    });
  }

  return (
    <tr className="h-15 border-b transition-colors last:border-0 hover:bg-sunken/60 [&>td]:px-4">
      <td>
        <Link
          to="/flows/$flowId"
          params={{ flowId: flow.id }}
          className="font-medium hover:text-primary"
        >
          {name}
        </Link>
        <p className="font-mono text-muted text-xs">{flow.slug}</p>
      </td>
      <td className="max-md:hidden">
        <KindBadge kind={flow.kind} />
      </td>
      <td className="max-md:hidden">
        {flow.published_version_id === null ? (
          <Badge tone="warning">{t("flows.draft")}</Badge>
        ) : (
          <Badge tone="success">{t("flows.published")}</Badge>
        )}
      </td>
      <td className="text-muted max-md:hidden" title={timeText(flow.updated_at)}>
        {agoText(flow.updated_at)}
      </td>
      <td>
        <FlowSwitch flow={flow} />
      </td>
      <td>
        <Menu
          trigger={
            <Button look="quiet" size="tiny" aria-label={t("flows.menu", { name })}>
              <MoreHorizontal />
            </Button>
          }
        >
          <MenuItem asChild>
            <Link to="/runs" search={{ flow: flow.id }}>
              <History />
              {t("flows.history")}
            </Link>
          </MenuItem>
          <MenuSeparator />
          <MenuItem danger onSelect={() => setAsked(true)}>
            <Trash2 />
            {t("action.delete")}
          </MenuItem>
        </Menu>
        <Dialog
          open={asked}
          onOpenChange={setAsked}
          title={t("flows.deleteTitle", { name })}
          description={t("flows.deleteText")}
          footer={
            <>
              <Button onClick={() => setAsked(false)}>{t("action.cancel")}</Button>
              <Button look="danger" onClick={remove}>
                {t("action.delete")}
              </Button>
            </>
          }
        />
      </td>
    </tr>
  );
}
