import { Input, Textarea } from "@/components/ui/input";
import type { WidgetProps } from "../widget";

const shown = (value: unknown) => (value === undefined || value === null ? "" : String(value));

export function TextWidget({ value, onChange, onBlur, control, schema }: WidgetProps) {
  return (
    <Input
      {...control}
      value={shown(value)}
      inputMode={schema["x-widget"] === "phone" ? "tel" : undefined}
      onChange={(event) => onChange(event.target.value)}
      onBlur={onBlur}
    />
  );
}

export function TextAreaWidget({ value, onChange, onBlur, control }: WidgetProps) {
  return (
    <Textarea
      {...control}
      value={shown(value)}
      onChange={(event) => onChange(event.target.value)}
      onBlur={onBlur}
    />
  );
}
