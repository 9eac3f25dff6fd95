import { useTranslation } from "react-i18next";
import { Select } from "@/components/ui/input";
import { plain, type Schema } from "../schema";
import type { WidgetProps } from "../widget";

interface Option {
  value: unknown;
  label: string;
}

/** The values one may choose from: `enum`, or several `const`. */
function optionsOf(schema: Schema): Option[] {
  if (schema.enum) return schema.enum.map((value) => ({ value, label: String(value) }));
  const constants = (schema.anyOf ?? []).filter((one) => "const" in one);
  return constants.map((one) => ({ value: one.const, label: one.title ?? String(one.const) }));
}

export function SelectWidget({ schema, value, onChange, onBlur, control }: WidgetProps) {
  const { t } = useTranslation();
  const options = optionsOf(plain(schema));
  const chosen = options.findIndex((option) => option.value === value);
  return (
    <Select
      {...control}
      value={chosen}
      onChange={(event) => onChange(options[Number(event.target.value)]?.value)}
      onBlur={onBlur}
    >
      <option value={-1}>{t("forms.choose")}</option>
      {options.map((option, index) => (
        <option key={option.label} value={index}>
          {option.label}
        </option>
      ))}
    </Select>
  );
}
