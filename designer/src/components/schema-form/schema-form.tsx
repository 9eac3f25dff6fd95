import { type FormEvent, type ReactNode, useRef, useState } from "react";
import type { FieldProblem } from "@/api";
import { Field } from "@/components/ui/field";
import { problemOfValue, problemsOfForm } from "./check";
import { widgetFor } from "./registry";
import {
  filledValues,
  helpOf,
  plain,
  type Schema,
  startValues,
  titleOf,
  type Values,
} from "./schema";

interface SchemaFormProps {
  schema: Schema;
  /** The values at the start; fields that are not given start with their default. */
  values?: Values | undefined;
  onSubmit: (values: Values) => void;
  /** What the server said of fields; their paths may stand below another (`params.message`). */
  problems?: readonly FieldProblem[];
  /** Drawn below the fields: the buttons. */
  children: ReactNode;
  /** Drawn above the fields. */
  before?: ReactNode;
}

/** A form drawn from a JSON Schema: one column, checked when a field is left and when it is sent. */
export function SchemaForm(props: SchemaFormProps) {
  const { schema, problems = [] } = props;
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState(() => startValues(schema, props.values));
  const [found, setFound] = useState<Record<string, string>>({});
  const required = new Set(schema.required ?? []);

  function submit(event: FormEvent) {
    event.preventDefault();
    const wrong = problemsOfForm(schema, values);
    setFound(wrong);
    const [first] = Object.keys(wrong);
    if (first === undefined) props.onSubmit(filledValues(values));
    else form.current?.querySelector<HTMLElement>(`[data-field="${first}"] [id]`)?.focus();
  }

  return (
    <form ref={form} noValidate onSubmit={submit} className="grid gap-5">
      {props.before}
      {Object.entries(schema.properties ?? {}).map(([name, field]) => {
        if (field["x-widget"] === "hidden") return null;
        const Widget = widgetFor(field);
        const told = problems.find((problem) => problem.field.split(/[./]/).includes(name));
        return (
          <div key={name} data-field={name}>
            <Field
              label={titleOf(name, field)}
              help={helpOf(field)}
              error={found[name] || told?.message}
              required={required.has(name)}
            >
              {(control) => (
                <Widget
                  schema={plain(field)}
                  value={values[name]}
                  control={control}
                  onChange={(value) => {
                    setValues((before) => ({ ...before, [name]: value }));
                    setFound((before) => ({ ...before, [name]: "" }));
                  }}
                  onBlur={() => {
                    const said = problemOfValue(field, values[name], required.has(name));
                    setFound((before) => ({ ...before, [name]: said }));
                  }}
                />
              )}
            </Field>
          </div>
        );
      })}
      {props.children}
    </form>
  );
}
