import i18next from "i18next";
import { plain, type Schema, titleOf } from "@/components/schema-form/schema";
import type { NodeType } from "./catalogue";
import { isObject, type NodeEntry } from "./document";

const LETTERS_MOST = 60;
const PARTS_MOST = 2;

/**
 * One line on what a node does, drawn from its parameters: `Kata kunci: 12 isian`.
 *
 * What is only handed through (a port that reads `trigger.text`) says nothing and is left out.
 */
export function summaryOf(type: NodeType, entry: NodeEntry, params: Schema): string {
  const parts: string[] = [];
  for (const [name, given] of Object.entries(type.form.properties ?? {})) {
    const value = entry.with?.[name];
    if (value === undefined || value === null || value === "") continue;
    const schema = plain(given);
    if (schema["x-widget"] === "hidden") continue;
    const reference = isObject(value) && typeof value.$ === "string" ? value.$ : "";
    if (reference && !reference.startsWith("params.")) continue;
    const said = reference ? paramTitle(reference, params) : valueText(value, schema);
    const speaksForItself = isLongText(schema) || reference;
    if (said) parts.push(speaksForItself ? said : `${titleOf(name, schema)}: ${said}`);
    if (parts.length === PARTS_MOST) break;
  }
  return shortened(parts.join(" · "));
}

function paramTitle(reference: string, params: Schema): string {
  const name = reference.slice("params.".length);
  const schema = params.properties?.[name];
  return `‹${schema ? titleOf(name, schema) : name}›`;
}

const isLongText = (schema: Schema) =>
  schema["x-lang"] === "text" || schema["x-widget"] === "textarea" || schema["x-lang"] === "jinja";

function valueText(value: unknown, schema: Schema): string {
  const { t } = i18next;
  if (schema["x-lang"] === "jsonlogic") {
    return schema["x-widget"] === "cases" && isObject(value)
      ? Object.keys(value).join(", ")
      : t("canvas.rule");
  }
  if (typeof value === "boolean") return value ? "✓" : "";
  if (typeof value === "string") return value.replaceAll(/\s+/g, " ").trim();
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) {
    const texts = value.filter((one) => typeof one === "string");
    if (texts.length === value.length && texts.join(", ").length <= LETTERS_MOST / 2) {
      return texts.join(", ");
    }
    return value.length === 1
      ? valueText(value[0], {})
      : t("canvas.entries", { count: value.length });
  }
  if (isObject(value)) {
    if (typeof value.$ === "string") return `‹${value.$.replace(/^params\./, "")}›`;
    return Object.keys(value).join(", ");
  }
  return "";
}

function shortened(text: string): string {
  return text.length <= LETTERS_MOST ? text : `${text.slice(0, LETTERS_MOST - 1).trimEnd()}…`;
}
