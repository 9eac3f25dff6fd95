import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronRight, History } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { catalogueQuery } from "@/components/diagram/catalogue";
import { documentOf } from "@/components/diagram/document";
import { FlowDiagram } from "@/components/diagram/flow-diagram";
import { KindBadge } from "@/components/kind-badge";
import { PageWaiting } from "@/components/page-waiting";
import { ProblemView } from "@/components/problem-view";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { flowDetail } from "./queries";

export function FlowPage() {
  const { flowId } = useParams({ from: "/frame/flows/$flowId" });
  const { t } = useTranslation();
  const flow = useQuery(flowDetail(flowId));
  const catalogue = useQuery(catalogueQuery);
  const source = flow.data?.source;
  const document = useMemo(() => {
    try {
      return source === undefined ? undefined : documentOf(source);
    } catch {
      return null;
    }
  }, [source]);
  const error = flow.error ?? catalogue.error;
  if (error) {
    return (
      <div className="mx-auto max-w-xl p-8">
        <ProblemView error={error} onAgain={() => void flow.refetch()} />
      </div>
    );
  }
  if (!flow.data || !catalogue.data || document === undefined) return <PageWaiting />;
  const { name, kind, published_version_id, is_published_as_it_is } = flow.data;
  const isDraft = published_version_id === null || !is_published_as_it_is;
  return (
    <div className="flex h-full flex-col">
      <div className="flex min-h-12 flex-wrap items-center gap-x-2 gap-y-1 border-b bg-surface px-4 py-1.5">
        <Link to="/flows" className="text-muted hover:text-text">
          {t("flows.title")}
        </Link>
        <ChevronRight className="size-4 text-muted" aria-hidden />
        <h1 className="min-w-0 truncate font-semibold">{name}</h1>
        <KindBadge kind={kind} />
        <Badge tone={isDraft ? "warning" : "success"}>
          {isDraft ? t("flows.draft") : t("flows.published")}
        </Badge>
        <div className="flex-1" />
        <Button asChild size="small">
          <Link to="/runs" search={{ flow: flowId }}>
            <History />
            {t("flows.history")}
          </Link>
        </Button>
      </div>
      <div className="min-h-0 flex-1">
        {document ? (
          <FlowDiagram document={document} catalogue={catalogue.data} tools />
        ) : (
          <p className="p-8 text-center text-muted">{t("canvas.broken")}</p>
        )}
      </div>
    </div>
  );
}
