import type { NodeType } from "./catalogue";
import { isObject, type NodeEntry, type Target, targetsOf } from "./document";

/** The way out whose edges need no name, as in a trigger: `next: first_step`. */
const ONLY_PORT = "next";
export const ERROR_PORT = "error";

/** Where the ways out of a node lead: port by port. */
export function waysOf(entry: NodeEntry): [port: string, target: string][] {
  const { next } = entry;
  const ports: Record<string, Target> = isObject(next)
    ? (next as Record<string, Target>)
    : { [ONLY_PORT]: (next as Target | undefined) ?? [] };
  return Object.entries(ports).flatMap(([port, target]) =>
    targetsOf(target).map((one): [string, string] => [port, one]),
  );
}

/** Ways out that a person names in the form: the keys of the fields whose keys are ports. */
function portsFromForm(type: NodeType, entry: NodeEntry): string[] {
  if (!type.ports_from_form) return [];
  const fields = Object.entries(type.form.properties ?? {});
  const named = fields.filter(([, schema]) => schema.patternProperties !== undefined);
  return named.flatMap(([name]) => {
    const value = entry.with?.[name];
    return isObject(value) ? Object.keys(value) : [];
  });
}

/**
 * The ways out to show, in the order of the catalogue: those a person named first, `error` last and
 * only where it leads somewhere, and any that the document uses though the kind does not have it.
 */
export function portsOf(type: NodeType | undefined, entry: NodeEntry): string[] {
  const used = waysOf(entry).map(([port]) => port);
  const own = type ? [...portsFromForm(type, entry), ...type.ports] : [];
  const all = [...new Set([...own, ...used])].filter((port) => port !== ERROR_PORT);
  return used.includes(ERROR_PORT) ? [...all, ERROR_PORT] : all;
}
