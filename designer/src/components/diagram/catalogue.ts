import { queryOptions } from "@tanstack/react-query";
import { ask, nodesListNodes } from "@/api";
import type { Schema } from "@/components/schema-form/schema";

interface InTwoLanguages {
  id: string;
  en: string;
}

/** What the server tells of a kind of node (`nodes/describe.py`). */
export interface NodeType {
  kind: string;
  version: number;
  group: string;
  title: InTwoLanguages;
  doc: InTwoLanguages;
  ports: string[];
  ports_from_form: boolean;
  required_ports: string[];
  trigger: boolean;
  container: boolean;
  effect: string;
  queue: string | null;
  outputs: Record<string, unknown>;
  form: Schema;
}

export type Catalogue = ReadonlyMap<string, NodeType>;

/** Every kind of node by its name. It changes only when the server is another. */
export const catalogueQuery = queryOptions({
  queryKey: ["catalogue"],
  queryFn: async (): Promise<Catalogue> => catalogueOf(await ask(nodesListNodes())),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Kinds by name; of several versions the newest. */
export function catalogueOf(listed: readonly object[]): Catalogue {
  const found = new Map<string, NodeType>();
  for (const type of listed as readonly NodeType[]) {
    if ((found.get(type.kind)?.version ?? 0) <= type.version) found.set(type.kind, type);
  }
  return found;
}
