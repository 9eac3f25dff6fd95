import { queryOptions } from "@tanstack/react-query";
import { ask, flowsGetFlow } from "@/api";

export const flowDetail = (flowId: number) =>
  queryOptions({
    queryKey: ["flows", "detail", flowId],
    queryFn: () => ask(flowsGetFlow({ path: { flow_id: flowId } })),
  });
