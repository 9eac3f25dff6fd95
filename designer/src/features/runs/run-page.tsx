import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { Page } from "@/components/page";
import { PageWaiting } from "@/components/page-waiting";
import { ProblemView } from "@/components/problem-view";
import { sayProblem } from "@/components/say";
import { Button } from "@/components/ui/button";
import { durationText, timeText } from "@/lib/format";
import { type Move, moveRun, movesOf, runDetail } from "./queries";
import { StatusBadge } from "./status-badge";
import { StepList } from "./step-list";
import { ValuesView } from "./values-view";

/** One time a flow ran: how it went, step by step. */
export function RunPage() {
  const { runId } = useParams({ from: "/frame/runs/$runId" });
  const { t } = useTranslation();
  const client = useQueryClient();
  const found = useQuery(runDetail(runId));
  const move = useMutation({
    mutationFn: (wanted: Move) => moveRun(runId, wanted),
    onSuccess: (_, wanted) => toast.success(t(`runs.moved.${wanted}`)),
    onError: sayProblem,
    onSettled: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
  if (found.error && !found.data) {
    return (
      <div className="mx-auto max-w-xl p-8">
        <ProblemView error={found.error} onAgain={() => void found.refetch()} />
      </div>
    );
  }
  if (!found.data) return <PageWaiting />;
  const run = found.data;
  const took =
    run.started_at && run.finished_at
      ? durationText(Date.parse(run.finished_at) - Date.parse(run.started_at))
      : "–";
  return (
    <Page
      title={`${run.flow_name ?? t("runs.deletedFlow")} #${run.id}`}
      className="max-w-4xl"
      actions={movesOf(run.status).map((wanted) => (
        <Button key={wanted} disabled={move.isPending} onClick={() => move.mutate(wanted)}>
          {t(`runs.${wanted}`)}
        </Button>
      ))}
    >
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 rounded-card border bg-surface p-4 md:grid-cols-4 [&_dt]:text-muted [&_dt]:text-sm">
        <div>
          <dt>{t("runs.state")}</dt>
          <dd>
            <StatusBadge status={run.status} />
          </dd>
        </div>
        <div>
          <dt>{t("runs.started")}</dt>
          <dd>{timeText(run.created_at)}</dd>
        </div>
        <div>
          <dt>{t("runs.took")}</dt>
          <dd className="tabular-nums">{took}</dd>
        </div>
        <div>
          <dt>{t("runs.flow")}</dt>
          <dd>
            {run.flow_id === null ? (
              t("runs.deletedFlow")
            ) : (
              <Link
                to="/flows/$flowId"
                params={{ flowId: run.flow_id }}
                className="text-primary underline-offset-2 hover:underline"
              >
                {run.flow_name}
              </Link>
            )}
          </dd>
        </div>
        {run.reason && (
          <div className="col-span-full">
            <dt>{t("runs.reason")}</dt>
            <dd>{run.reason}</dd>
          </div>
        )}
      </dl>
      <ValuesView title={t("runs.event")} values={run.trigger_values} />
      <section className="grid gap-2">
        <h2 className="font-semibold text-lg">{t("runs.steps")}</h2>
        <StepList trace={run.trace} />
      </section>
      <ValuesView title={t("runs.outputs")} values={run.outputs} />
    </Page>
  );
}
