import { useTranslation } from "react-i18next";
import type { RunOut } from "@/api";
import { Badge, type Tone } from "@/components/ui/badge";

const TONES: Record<RunOut["status"], Tone> = {
  QUEUED: "neutral",
  RUNNING: "info",
  WAITING: "info",
  PAUSED: "warning",
  SUCCEEDED: "success",
  PARTIAL: "warning",
  FAILED: "danger",
  CANCELLED: "neutral",
  DEAD: "danger",
};

export const STATUSES = Object.keys(TONES) as RunOut["status"][];

export function StatusBadge({ status }: { status: RunOut["status"] }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[status]}>{t(`runs.status.${status}`)}</Badge>;
}
