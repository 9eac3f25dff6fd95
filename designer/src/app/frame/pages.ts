import { History, LayoutGrid, type LucideIcon, Workflow } from "lucide-react";

/** The entries of the rail, in its order. A new page adds its line here and its route in router.tsx. */
export const PAGES = [
  { key: "flows", to: "/flows", icon: Workflow },
  { key: "templates", to: "/templates", icon: LayoutGrid },
  { key: "runs", to: "/runs", icon: History },
] as const satisfies readonly { key: string; to: string; icon: LucideIcon }[];
