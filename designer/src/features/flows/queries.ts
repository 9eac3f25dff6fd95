import { infiniteQueryOptions } from "@tanstack/react-query";
import { ask, type FlowItem, flowsConfigureFlow, flowsDeleteFlow, flowsListFlows } from "@/api";

export interface FlowFilter {
  search?: string;
  kind?: string;
}

const PAGE_SIZE = 50;

export const flowList = (filter: FlowFilter) =>
  infiniteQueryOptions({
    queryKey: ["flows", "list", filter],
    queryFn: ({ pageParam }) =>
      ask(flowsListFlows({ query: { ...filter, after: pageParam, limit: PAGE_SIZE } })),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const switchFlow = (flow: FlowItem, isActive: boolean) =>
  ask(
    flowsConfigureFlow({
      path: { flow_id: flow.id },
      body: { is_active: isActive },
      headers: { "if-match": String(flow.revision) },
    }),
  );

export const deleteFlow = (flowId: number) =>
  ask(flowsDeleteFlow({ path: { flow_id: flowId }, keepalive: true }));
