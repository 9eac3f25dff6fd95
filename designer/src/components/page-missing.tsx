import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Empty } from "./empty";
import { Button } from "./ui/button";

export function PageMissing() {
  const { t } = useTranslation();
  return (
    <Empty icon={Compass} title={t("problem.missing")} text={t("problem.missingHint")}>
      <Button asChild look="primary">
        <Link to="/flows">{t("problem.home")}</Link>
      </Button>
    </Empty>
  );
}
