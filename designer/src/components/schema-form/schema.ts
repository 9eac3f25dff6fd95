/** The part of JSON Schema our forms are written in, and how to read it. */
import i18next from "i18next";

export interface Schema {
  type?: string | string[];
  title?: string;
  title_id?: string;
  title_en?: string;
  description?: string;
  description_id?: string;
  description_en?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, unknown>;
  required?: string[];
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  "x-widget"?: string;
  "x-lang"?: string;
  "x-port"?: boolean;
  "x-unit"?: string;
  [more: string]: unknown;
}

export type Values = Record<string, unknown>;

const inLanguage = (schema: Schema, key: "title" | "description"): string => {
  const found = schema[`${key}_${i18next.language === "en" ? "en" : "id"}`] ?? schema[key];
  return typeof found === "string" ? found : "";
};

export const titleOf = (name: string, schema: Schema): string =>
  inLanguage(schema, "title") || name.replaceAll("_", " ");

export const helpOf = (schema: Schema): string => inLanguage(schema, "description");

/** The types a value may have, `null` left out: `["string"]`. */
export function typesOf(schema: Schema): string[] {
  const own = schema.type === undefined ? [] : [schema.type].flat();
  const all = own.length > 0 ? own : (schema.anyOf ?? []).flatMap(typesOf);
  return all.filter((type) => type !== "null");
}

/** Where `anyOf` only adds "or nothing", the other branch with the outer words. */
export function plain(schema: Schema): Schema {
  const branches = (schema.anyOf ?? []).filter((one) => one.type !== "null");
  const [only] = branches;
  if (branches.length !== 1 || !only) return schema;
  const { anyOf: _, ...outer } = schema;
  return { ...only, ...outer };
}

/** What a form starts with: the values given, else the defaults. */
export function startValues(schema: Schema, given: Values = {}): Values {
  const values: Values = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const value = name in given ? given[name] : field.default;
    if (value !== undefined && value !== null) values[name] = structuredClone(value);
  }
  return values;
}

/** What is sent: empty fields are left out, so that the server's defaults hold. */
export function filledValues(values: Values): Values {
  const filled = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(filled);
}
