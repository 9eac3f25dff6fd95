import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Textarea } from "@/components/ui/input";
import type { WidgetProps } from "../widget";

/** Whatever no other widget is for, as JSON. What is not yet JSON stays in the field. */
export function JsonWidget({ value, onChange, onBlur, control }: WidgetProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(() =>
    value === undefined ? "" : JSON.stringify(value, null, 2),
  );
  const [said, setSaid] = useState("");

  function read() {
    onBlur();
    try {
      onChange(typed.trim() === "" ? undefined : JSON.parse(typed));
      setSaid("");
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <>
      <Textarea
        {...control}
        className="font-mono text-sm"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={read}
      />
      {said && <p className="text-danger text-sm">{t("forms.notJson", { said })}</p>}
    </>
  );
}
