import { Switch } from "@/components/ui/switch";
import type { WidgetProps } from "../widget";

export function SwitchWidget({ value, onChange, control }: WidgetProps) {
  return <Switch {...control} checked={value === true} onCheckedChange={onChange} />;
}
