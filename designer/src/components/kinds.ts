import {
  CalendarClock,
  Inbox,
  type LucideIcon,
  Megaphone,
  Puzzle,
  Shuffle,
  Webhook,
} from "lucide-react";

/** What flows are for: a sign and a hue each (the words stand under `kinds.…`). */
export const KINDS = {
  broadcast: { icon: Megaphone, group: "messaging" },
  inbound: { icon: Inbox, group: "contacts" },
  rotator: { icon: Shuffle, group: "web" },
  webhook: { icon: Webhook, group: "text" },
  schedule: { icon: CalendarClock, group: "logic" },
  subflow: { icon: Puzzle, group: "timing" },
} as const satisfies Record<string, { icon: LucideIcon; group: string }>;

export type Kind = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as Kind[];

export function isKind(value: string): value is Kind {
  return value in KINDS;
}
