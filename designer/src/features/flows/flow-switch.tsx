import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { FlowItem } from "@/api";
import { sayProblem } from "@/components/say";
import { Switch } from "@/components/ui/switch";
import { switchFlow } from "./queries";

/** Switches a flow on or off. A flow that was never published has nothing to run. */
export function FlowSwitch({ flow }: { flow: FlowItem }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name } = flow;
  const move = useMutation({
    mutationFn: (on: boolean) => switchFlow(flow, on),
    onSuccess: (_, on) => {
      toast.success(t(on ? "flows.switchedOn" : "flows.switchedOff", { name }));
    },
    onError: sayProblem,
    onSettled: () => client.invalidateQueries({ queryKey: ["flows"] }),
  });
  const isOn = move.isPending ? move.variables : flow.is_active;
  const neverPublished = flow.published_version_id === null;
  return (
    <span title={neverPublished ? t("flows.notPublished") : undefined}>
      <Switch
        checked={isOn && !neverPublished}
        disabled={neverPublished || move.isPending}
        aria-label={t(isOn ? "flows.switchOff" : "flows.switchOn", { name })}
        onCheckedChange={(on) => move.mutate(on)}
      />
    </span>
  );
}
