import { useTranslation } from "react-i18next";

/** The server says in the page whether its numbers are simulated (`runtime/dashboard/routes.py`). */
function isSimulated(): boolean {
  return document.querySelector<HTMLMetaElement>("meta[name=alir-simulator]")?.content === "true";
}

export function SimulatorBand() {
  const { t } = useTranslation();
  if (!isSimulated()) return null;
  return (
    <p className="flex items-center justify-center gap-2 border-b bg-[color-mix(in_oklab,var(--warning)_14%,var(--surface))] px-3 py-0.5 text-center text-warning text-xs">
      <strong className="tracking-wider">{t("app.simulator")}</strong>
      <span className="max-md:hidden">{t("app.simulatorHelp")}</span>
    </p>
  );
}
