import { useTranslation } from "react-i18next";
import { portLabel } from "@/components/diagram/port-label";
import { Badge } from "@/components/ui/badge";
import { ValuesView } from "./values-view";

/** A step as the engine wrote it down (`flows/engine/trace.py`). */
interface Step {
  node: string;
  port: string | null;
  note?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  error?: { message?: string; code?: string; [more: string]: unknown };
}

export function StepList({ trace }: { trace: readonly Record<string, unknown>[] }) {
  const { t } = useTranslation();
  const steps = trace as unknown as readonly Step[];
  if (steps.length === 0) return <p className="text-muted">{t("runs.noSteps")}</p>;
  return (
    <ol className="grid gap-2">
      {steps.map((step, at) => (
        <li key={at} className="grid gap-2 rounded-card border bg-surface p-3">
          <div className="flex flex-wrap items-center gap-2">
            <span className="grid size-6 place-items-center rounded-full bg-sunken text-muted text-xs tabular-nums">
              {at + 1}
            </span>
            <span className="font-medium font-mono text-sm">{step.node}</span>
            <span className="flex-1" />
            {step.note && <Badge>{step.note}</Badge>}
            {step.port && (
              <Badge tone={step.port === "error" ? "danger" : "success"}>
                {portLabel(step.port)}
              </Badge>
            )}
          </div>
          {step.error && (
            <p className="text-danger">{step.error.message ?? JSON.stringify(step.error)}</p>
          )}
          <ValuesView title={t("runs.inputs")} values={step.inputs} />
          <ValuesView title={t("runs.outputs")} values={step.outputs} />
        </li>
      ))}
    </ol>
  );
}
