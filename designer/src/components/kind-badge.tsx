import { useTranslation } from "react-i18next";
import { isKind, KINDS } from "./kinds";
import { Badge } from "./ui/badge";

export function KindBadge({ kind }: { kind: string }) {
  const { t } = useTranslation();
  if (!isKind(kind)) return <Badge>{kind}</Badge>;
  const { icon: Icon, group } = KINDS[kind];
  return (
    <Badge tone="hue" data-group={group}>
      <Icon />
      {t(`kinds.${kind}`)}
    </Badge>
  );
}
