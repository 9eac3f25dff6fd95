import { Input } from "@/components/ui/input";
import type { WidgetProps } from "../widget";

/** A point of time: shown in the local zone, kept in UTC. */
export function DateTimeWidget({ value, onChange, onBlur, control }: WidgetProps) {
  return (
    <Input
      {...control}
      type="datetime-local"
      className="max-w-60"
      value={typeof value === "string" ? localText(value) : ""}
      onChange={(event) =>
        onChange(event.target.value ? new Date(event.target.value).toISOString() : undefined)
      }
      onBlur={onBlur}
    />
  );
}

function localText(value: string): string {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return "";
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
