import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ask, devicesListDevices } from "@/api";
import type { WidgetProps } from "../widget";

/** Which of the shop's numbers; none chosen means all of them. */
export function DevicePicker({ value, onChange, control }: WidgetProps) {
  const { t } = useTranslation();
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const devices = useQuery({ queryKey: ["devices"], queryFn: () => ask(devicesListDevices()) });
  const known = devices.data ?? [];
  if (devices.isSuccess && known.length === 0) {
    return <p className="text-muted text-sm">{t("forms.noDevices")}</p>;
  }
  return (
    <fieldset
      id={control.id}
      aria-describedby={control["aria-describedby"]}
      className="grid min-w-0 gap-1 rounded-control border border-border-strong p-2"
    >
      {known.map(({ session_name: name, display_name, phone_number, status }) => (
        <label key={name} className="flex h-8 items-center gap-2.5 rounded px-1.5 hover:bg-sunken">
          <input
            type="checkbox"
            className="size-4 accent-primary"
            checked={chosen.includes(name)}
            onChange={(event) =>
              onChange(
                event.target.checked ? [...chosen, name] : chosen.filter((one) => one !== name),
              )
            }
          />
          <span
            aria-hidden
            className={`size-2 rounded-full ${status === "WORKING" ? "bg-success" : "bg-border-strong"}`}
          />
          <span>{display_name ?? name}</span>
          <span className="ml-auto text-muted text-sm tabular-nums">{phone_number}</span>
        </label>
      ))}
      {chosen.length === 0 && <p className="px-1.5 text-muted text-sm">{t("forms.allDevices")}</p>}
    </fieldset>
  );
}
