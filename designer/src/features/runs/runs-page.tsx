import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { History, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Empty } from "@/components/empty";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { agoText, durationText, timeText } from "@/lib/format";
import { runList } from "./queries";
import { STATUSES, StatusBadge } from "./status-badge";

export function RunsPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/frame/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const found = useInfiniteQuery(runList(filter));
  const runs = found.data?.pages.flatMap((page) => page.items);
  const isFiltered = Boolean(filter.status || filter.flow);
  const flowName = runs?.find((run) => run.flow_id === filter.flow)?.flow_name;
  return (
    <Page title={t("runs.title")} lead={t("runs.lead")}>
      <div className="flex flex-wrap gap-2">
        <Select
          aria-label={t("runs.state")}
          className="w-44"
          value={filter.status ?? ""}
          onChange={(event) =>
            void navigate({
              search: (before) => ({ ...before, status: event.target.value || undefined }),
            })
          }
        >
          <option value="">{t("runs.allStates")}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {t(`runs.status.${status}`)}
            </option>
          ))}
        </Select>
        {filter.flow && (
          <Button
            onClick={() => void navigate({ search: (before) => ({ ...before, flow: undefined }) })}
          >
            {flowName ?? `${t("runs.flow")} ${filter.flow}`}
            <X aria-label={t("action.clear")} />
          </Button>
        )}
      </div>
      {found.error && <ProblemView error={found.error} onAgain={() => void found.refetch()} />}
      {found.isPending && <Skeleton className="h-40" />}
      {runs?.length === 0 && isFiltered && (
        <p className="py-10 text-center text-muted">{t("runs.noMatch")}</p>
      )}
      {runs?.length === 0 && !isFiltered && (
        <Empty icon={History} title={t("runs.emptyTitle")} text={t("runs.emptyText")} />
      )}
      {runs && runs.length > 0 && (
        <div className="overflow-x-auto rounded-card border bg-surface">
          <table className="w-full text-left">
            <thead className="border-b text-muted text-sm">
              <tr className="[&>th]:h-10 [&>th]:px-4 [&>th]:font-normal">
                <th>{t("runs.flow")}</th>
                <th>{t("runs.state")}</th>
                <th className="max-md:hidden">{t("runs.trigger")}</th>
                <th>{t("runs.started")}</th>
                <th className="text-right max-md:hidden">{t("runs.took")}</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr
                  key={run.id}
                  className="h-12 border-b last:border-0 hover:bg-sunken/60 [&>td]:px-4"
                >
                  <td>
                    <Link
                      to="/runs/$runId"
                      params={{ runId: run.id }}
                      className="font-medium hover:text-primary"
                    >
                      {run.flow_name ?? t("runs.deletedFlow")}
                    </Link>{" "}
                    <span className="text-muted text-sm">#{run.id}</span>
                  </td>
                  <td>
                    <StatusBadge status={run.status} />
                  </td>
                  <td className="text-muted max-md:hidden">{run.trigger}</td>
                  <td className="text-muted" title={timeText(run.created_at)}>
                    {agoText(run.created_at)}
                  </td>
                  <td className="text-right text-muted max-md:hidden">
                    {run.started_at && run.finished_at
                      ? durationText(Date.parse(run.finished_at) - Date.parse(run.started_at))
                      : "–"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && (
        <Button
          className="justify-self-center"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("action.more")}
        </Button>
      )}
    </Page>
  );
}
