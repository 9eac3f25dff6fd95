import { X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { fieldLook } from "@/components/ui/input";
import { cn } from "@/lib/cn";
import type { WidgetProps } from "../widget";

/** Several short texts: typed one after the other, or pasted with commas. */
export function ListWidget({ value, onChange, onBlur, control }: WidgetProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const items = Array.isArray(value) ? value.map(String) : [];

  function add() {
    const fresh = typed.split(/[,\n]/).map((item) => item.trim());
    const wanted = fresh.filter(
      (item, at) => item && !items.includes(item) && fresh.indexOf(item) === at,
    );
    if (wanted.length > 0) onChange([...items, ...wanted]);
    setTyped("");
  }

  function onKey(event: KeyboardEvent) {
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && typed === "" && items.length > 0) {
      onChange(items.slice(0, -1));
    }
  }

  return (
    <div
      className={cn(
        fieldLook,
        "flex min-h-9 flex-wrap items-center gap-1 px-1.5 py-1 focus-within:border-primary",
      )}
    >
      {items.map((item) => (
        <span
          key={item}
          className="flex h-6 items-center gap-1 rounded bg-sunken pr-0.5 pl-2 text-sm"
        >
          {item}
          <button
            type="button"
            aria-label={t("forms.removeItem", { item })}
            className="rounded p-0.5 text-muted hover:text-text"
            onClick={() => onChange(items.filter((one) => one !== item))}
          >
            <X className="size-3" />
          </button>
        </span>
      ))}
      <input
        {...control}
        className="h-6 min-w-32 flex-1 bg-transparent px-1.5 outline-none"
        placeholder={t("forms.addItem")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={onKey}
        onBlur={() => {
          add();
          onBlur();
        }}
      />
    </div>
  );
}
