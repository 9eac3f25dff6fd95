import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { TemplateItem } from "@/api";
import { KindBadge } from "@/components/kind-badge";
import { isKind, KIND_NAMES, KINDS } from "@/components/kinds";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { templateList } from "./queries";

export function TemplatesPage() {
  const { t } = useTranslation();
  const { kind } = useSearch({ from: "/frame/templates" });
  const navigate = useNavigate({ from: "/templates" });
  const templates = useQuery(templateList);
  const kinds = KIND_NAMES.filter((one) => templates.data?.some((found) => found.kind === one));
  const shown = templates.data?.filter((template) => !kind || template.kind === kind);
  return (
    <Page title={t("templates.title")} lead={t("templates.lead")}>
      <div className="flex flex-wrap gap-2">
        {[undefined, ...kinds].map((one) => (
          <Button
            key={one ?? "all"}
            size="small"
            look={one === kind ? "primary" : "plain"}
            aria-pressed={one === kind}
            onClick={() => void navigate({ search: { kind: one } })}
          >
            {one ? t(`kinds.${one}`) : t("action.all")}
          </Button>
        ))}
      </div>
      {templates.error && (
        <ProblemView error={templates.error} onAgain={() => void templates.refetch()} />
      )}
      <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))] gap-4">
        {templates.isPending &&
          [1, 2, 3, 4, 5, 6].map((card) => <Skeleton key={card} className="h-44" />)}
        {shown?.map((template) => (
          <TemplateCard key={template.key} template={template} />
        ))}
      </ul>
      {shown?.length === 0 && (
        <p className="py-10 text-center text-muted">{t("templates.noMatch")}</p>
      )}
    </Page>
  );
}

function TemplateCard({ template }: { template: TemplateItem }) {
  const known = isKind(template.kind) ? KINDS[template.kind] : KINDS.subflow;
  const Icon = known.icon;
  return (
    <li
      data-group={known.group}
      className="relative flex flex-col gap-3 rounded-card border bg-surface p-4 transition-shadow focus-within:border-primary hover:border-border-strong hover:shadow-raised"
    >
      <div className="flex items-start gap-3">
        <span className="soft-hue grid size-10 shrink-0 place-items-center rounded-card">
          <Icon className="size-5" aria-hidden />
        </span>
        <Link
          to="/templates/$key"
          params={{ key: template.key }}
          className="min-h-10 content-center font-semibold outline-none after:absolute after:inset-0"
        >
          {template.name}
        </Link>
      </div>
      <p className="flex-1 text-muted">{template.description}</p>
      <div className="flex flex-wrap gap-1.5">
        <KindBadge kind={template.kind} />
        {template.tags.slice(0, 3).map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </div>
    </li>
  );
}
