import { plain, type Schema, typesOf } from "./schema";
import type { Widget } from "./widget";
import { DateTimeWidget } from "./widgets/date-time-widget";
import { DevicePicker } from "./widgets/device-picker";
import { JsonWidget } from "./widgets/json-widget";
import { ListWidget } from "./widgets/list-widget";
import { NumberWidget } from "./widgets/number-widget";
import { SelectWidget } from "./widgets/select-widget";
import { SwitchWidget } from "./widgets/switch-widget";
import { TextAreaWidget, TextWidget } from "./widgets/text-widget";

/** Widgets by the name a schema asks for (`x-widget`). A new widget adds its line here. */
const BY_NAME: Readonly<Record<string, Widget>> = {
  "date-time": DateTimeWidget,
  "device-picker": DevicePicker,
  list: ListWidget,
  message: TextAreaWidget,
  number: NumberWidget,
  phone: TextWidget,
  select: SelectWidget,
  switch: SwitchWidget,
  text: TextWidget,
  textarea: TextAreaWidget,
};

/** The widget a schema asks for, when it fits the type; else the one for the type; else JSON. */
export function widgetFor(given: Schema): Widget {
  const schema = plain(given);
  const types = typesOf(schema);
  const isList = types.includes("array") && typesOf(schema.items ?? {}).includes("string");
  const named = BY_NAME[schema["x-widget"] ?? ""];
  if (schema.enum) return SelectWidget;
  if (named === DevicePicker) return isList ? DevicePicker : TextWidget;
  if (named && (named !== ListWidget || isList)) return named;
  if (isList) return ListWidget;
  if (types.includes("boolean") && types.length === 1) return SwitchWidget;
  if (types.includes("string")) return TextWidget;
  if (types.includes("integer") || types.includes("number")) return NumberWidget;
  return JsonWidget;
}
