import { Input } from "@/components/ui/input";
import type { WidgetProps } from "../widget";

export function NumberWidget({ value, onChange, onBlur, control, schema }: WidgetProps) {
  return (
    <div className="flex items-center gap-2">
      <Input
        {...control}
        type="number"
        className="max-w-40 tabular-nums"
        min={schema.minimum}
        max={schema.maximum}
        step={schema.type === "integer" ? 1 : "any"}
        value={typeof value === "number" && !Number.isNaN(value) ? value : ""}
        onChange={(event) =>
          onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)
        }
        onBlur={onBlur}
      />
      {schema["x-unit"] && <span className="text-muted">{schema["x-unit"]}</span>}
    </div>
  );
}
