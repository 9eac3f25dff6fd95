import { useTranslation } from "react-i18next";

export function PageWaiting() {
  const { t } = useTranslation();
  return (
    <p role="status" className="p-8 text-muted">
      {t("wait.loading")}
    </p>
  );
}
