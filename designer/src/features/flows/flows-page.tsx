import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Plus, Workflow } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Empty } from "@/components/empty";
import { KIND_NAMES } from "@/components/kinds";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { SearchBox } from "@/components/search-box";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { FlowRow } from "./flow-row";
import { usePendingDeletions } from "./pending-deletions";
import { flowList } from "./queries";

export function FlowsPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/frame/flows" });
  const navigate = useNavigate({ from: "/flows" });
  const found = useInfiniteQuery(flowList(filter));
  const gone = usePendingDeletions();
  const flows = found.data?.pages
    .flatMap((page) => page.items)
    .filter((flow) => !gone.includes(flow.id));
  const isFiltered = Boolean(filter.search || filter.kind);
  const isEmpty = flows?.length === 0 && !found.hasNextPage;

  return (
    <Page
      title={t("flows.title")}
      actions={
        <Button asChild look="primary">
          <Link to="/templates">
            <Plus />
            {t("flows.new")}
          </Link>
        </Button>
      }
    >
      <div className="flex flex-wrap gap-2">
        <SearchBox
          label={t("flows.search")}
          value={filter.search ?? ""}
          onChange={(search) =>
            void navigate({
              search: (before) => ({ ...before, search: search || undefined }),
              replace: true,
            })
          }
        />
        <Select
          aria-label={t("flows.kind")}
          className="w-44"
          value={filter.kind ?? ""}
          onChange={(event) =>
            void navigate({
              search: (before) => ({ ...before, kind: event.target.value || undefined }),
            })
          }
        >
          <option value="">{t("flows.allKinds")}</option>
          {KIND_NAMES.map((kind) => (
            <option key={kind} value={kind}>
              {t(`kinds.${kind}`)}
            </option>
          ))}
        </Select>
      </div>
      {found.error && <ProblemView error={found.error} onAgain={() => void found.refetch()} />}
      {found.isPending && (
        <div className="grid gap-2">
          {[1, 2, 3].map((row) => (
            <Skeleton key={row} className="h-14" />
          ))}
        </div>
      )}
      {isEmpty && isFiltered && (
        <p className="py-10 text-center text-muted">{t("flows.noMatch")}</p>
      )}
      {isEmpty && !isFiltered && (
        <Empty icon={Workflow} title={t("flows.emptyTitle")} text={t("flows.emptyText")}>
          <Button asChild look="primary">
            <Link to="/templates">{t("flows.emptyAction")}</Link>
          </Button>
        </Empty>
      )}
      {flows && flows.length > 0 && (
        <div className="overflow-x-auto rounded-card border bg-surface">
          <table className="w-full text-left">
            <thead className="border-b text-muted text-sm">
              <tr className="[&>th]:h-10 [&>th]:px-4 [&>th]:font-normal">
                <th>{t("flows.name")}</th>
                <th className="max-md:hidden">{t("flows.kind")}</th>
                <th className="max-md:hidden">{t("flows.state")}</th>
                <th className="max-md:hidden">{t("flows.changed")}</th>
                <th>{t("flows.active")}</th>
                <th className="w-12">
                  <span className="sr-only">{t("flows.menu", { name: "" })}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {flows.map((flow) => (
                <FlowRow key={flow.id} flow={flow} />
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
