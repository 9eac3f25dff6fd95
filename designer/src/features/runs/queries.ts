import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import {
  ask,
  type RunOut,
  runsCancelRun,
  runsGetRun,
  runsListRuns,
  runsPauseRun,
  runsResumeRun,
  runsRetryRun,
} from "@/api";

const PAGE_SIZE = 50;
const LOOK_AGAIN_MS = 3000;
const ENDED: readonly RunOut["status"][] = ["SUCCEEDED", "PARTIAL", "FAILED", "CANCELLED", "DEAD"];

export const hasEnded = (status: RunOut["status"]) => ENDED.includes(status);

export interface RunFilter {
  status?: string;
  flow?: number;
}

export const runList = ({ status, flow }: RunFilter) =>
  infiniteQueryOptions({
    queryKey: ["runs", "list", status, flow],
    queryFn: ({ pageParam }) =>
      ask(
        runsListRuns({
          query: { status: status as RunOut["status"], flow, after: pageParam, limit: PAGE_SIZE },
        }),
      ),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: LOOK_AGAIN_MS * 2,
  });

export const runDetail = (runId: number) =>
  queryOptions({
    queryKey: ["runs", "detail", runId],
    queryFn: () => ask(runsGetRun({ path: { run_id: runId } })),
    refetchInterval: ({ state }) =>
      state.data && hasEnded(state.data.status) ? false : LOOK_AGAIN_MS,
  });

export const MOVES = {
  pause: runsPauseRun,
  resume: runsResumeRun,
  cancel: runsCancelRun,
  retry: runsRetryRun,
} as const;

export type Move = keyof typeof MOVES;

export const moveRun = (runId: number, move: Move) =>
  ask<RunOut>(MOVES[move]({ path: { run_id: runId } }));

/** What may be done with a run in this state. */
export function movesOf(status: RunOut["status"]): Move[] {
  if (status === "PAUSED") return ["resume", "cancel"];
  if (status === "FAILED" || status === "DEAD") return ["retry"];
  return hasEnded(status) ? [] : ["pause", "cancel"];
}
