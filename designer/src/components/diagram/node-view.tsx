import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { inLanguage } from "@/i18n";
import { cn } from "@/lib/cn";
import type { Card } from "./graph";
import { iconOf } from "./icons";
import { portLabel } from "./port-label";

export type CardNode = Node<{ card: Card }, "card">;

/** A node of any kind. What it shows comes from the catalogue, so a new kind needs nothing here. */
export const NodeView = memo(({ data: { card }, selected }: NodeProps<CardNode>) => {
  const { t } = useTranslation();
  const group = card.type?.group ?? "";
  const Icon = iconOf(card.kind, group);
  const kind = inLanguage(card.type?.title, card.kind);
  return (
    <article
      data-group={group}
      data-card={card.id}
      aria-label={t("canvas.node", { title: card.title, kind })}
      style={{ width: card.width, height: card.height }}
      className={cn(
        "rounded-card border border-border-strong border-l-3 border-l-hue bg-surface text-text shadow-[0_1px_2px_rgb(16_32_43/8%)] transition-shadow",
        selected && "ring-2 ring-primary ring-offset-1 ring-offset-background",
        card.isDisabled && "border-dashed opacity-50",
      )}
    >
      {!card.isTrigger && <Handle type="target" position={Position.Left} className="port-in" />}
      <header className="flex h-[66px] items-center gap-2.5 px-3">
        <span className="soft-hue grid size-8 shrink-0 place-items-center rounded-control">
          <Icon className="size-4.5" aria-hidden />
        </span>
        <span className="min-w-0 flex-1">
          <h3 className="truncate font-medium leading-5" title={card.title}>
            {card.title}
          </h3>
          <p
            className="line-clamp-2 text-muted text-xs leading-[15px]"
            title={card.summary || kind}
          >
            {card.summary || (card.title === kind ? "" : kind)}
          </p>
        </span>
      </header>
      <ul>
        {card.ports.map((port) => (
          <li
            key={port}
            className={cn(
              "relative flex h-6 items-center justify-end pr-3.5 pl-3 text-xs",
              port === "error" ? "text-danger" : "text-muted",
            )}
          >
            <span className="truncate">{portLabel(port)}</span>
            <Handle
              id={port}
              type="source"
              position={Position.Right}
              className={port === "error" ? "port-error" : "port-out"}
            />
          </li>
        ))}
      </ul>
    </article>
  );
});
