/** A flow document as the canvas reads it. Every key may be missing: a draft may be half done. */
import { parse } from "yaml";

export type Target = string | readonly string[];

export interface NodeEntry {
  type?: string;
  name?: string;
  within?: string;
  with?: Record<string, unknown>;
  next?: Target | Record<string, Target>;
  disabled?: boolean;
}

export interface FlowDocument {
  flow?: string;
  kind?: string;
  id?: string;
  name?: string;
  params?: Record<string, unknown>;
  triggers?: Record<string, NodeEntry>;
  nodes?: Record<string, NodeEntry>;
  ui?: { layout?: Record<string, readonly [number, number]> };
}

/** The document of a YAML or JSON text. Throws what the parser says where it is neither. */
export function documentOf(source: string): FlowDocument {
  const found: unknown = parse(source);
  return isObject(found) ? (found as FlowDocument) : {};
}

/** `keyword-match@2` is version 2 of `keyword-match`. */
export function kindOf(type: string | undefined): string {
  return (type ?? "").split("@")[0] ?? "";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function targetsOf(target: Target | undefined): readonly string[] {
  if (target === undefined || target === null) return [];
  return typeof target === "string" ? [target] : [...target];
}
