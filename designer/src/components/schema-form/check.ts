/** The quick checks of a form, before the server makes all of them. */
import i18next from "i18next";
import { plain, type Schema, type Values } from "./schema";

/** What is wrong with one value, in words, or "". */
export function problemOfValue(given: Schema, value: unknown, required: boolean): string {
  const { t } = i18next;
  const schema = plain(given);
  const isEmpty = value === undefined || value === null || value === "";
  if (isEmpty) return required ? t("forms.required") : "";
  if (typeof value === "string") {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
    if (value.length < minLength) return t("forms.tooShort", { count: minLength });
    if (value.length > maxLength) return t("forms.tooLong", { count: maxLength });
  }
  if (typeof value === "number") {
    if (Number.isNaN(value)) return t("forms.notNumber");
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
    if (value < minimum) return t("forms.tooSmall", { limit: minimum });
    if (value > maximum) return t("forms.tooLarge", { limit: maximum });
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
    if (value.length < minItems) return t("forms.tooFew", { count: minItems });
    if (value.length > maxItems) return t("forms.tooMany", { count: maxItems });
  }
  return "";
}

/** What is wrong with each field of a form; empty when all is well. */
export function problemsOfForm(schema: Schema, values: Values): Record<string, string> {
  const required = new Set(schema.required ?? []);
  const problems: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const said = problemOfValue(field, values[name], required.has(name));
    if (said) problems[name] = said;
  }
  return problems;
}
