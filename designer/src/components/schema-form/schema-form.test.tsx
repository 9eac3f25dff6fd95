import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Schema } from "./schema";
import { SchemaForm } from "./schema-form";

const SCHEMA: Schema = {
  type: "object",
  required: ["message", "tag"],
  properties: {
    tag: { type: "string", title: "Tag", default: "Lead" },
    message: {
      type: "string",
      title: "Isi pesan",
      title_en: "Message",
      "x-widget": "textarea",
      minLength: 5,
    },
    words: {
      type: "array",
      items: { type: "string" },
      title: "Kata",
      minItems: 1,
      default: ["admin"],
    },
    use_ai: { type: "boolean", title: "Jawab dengan AI", default: false },
    wait_s: { anyOf: [{ type: "integer", minimum: 2 }, { type: "null" }], title: "Jeda" },
    how: { enum: ["exact", "contains"], title: "Cara" },
  },
};

function shown(problems: { field: string; message: string; hint: string }[] = []) {
  const onSubmit = vi.fn();
  render(
    <SchemaForm schema={SCHEMA} onSubmit={onSubmit} problems={problems}>
      <button type="submit">Kirim</button>
    </SchemaForm>,
  );
  return onSubmit;
}

test("what is filled in is sent, with the defaults of the rest", async () => {
  const onSubmit = shown();
  await userEvent.type(screen.getByLabelText(/Isi pesan/), "Halo Kak");
  await userEvent.type(screen.getByLabelText("Kata"), "cs, operator{Enter}");
  await userEvent.click(screen.getByLabelText("Jawab dengan AI"));
  await userEvent.type(screen.getByLabelText("Jeda"), "7");
  await userEvent.selectOptions(screen.getByLabelText("Cara"), "contains");
  await userEvent.click(screen.getByText("Kirim"));

  expect(onSubmit).toHaveBeenCalledWith({
    tag: "Lead",
    message: "Halo Kak",
    words: ["admin", "cs", "operator"],
    use_ai: true,
    wait_s: 7,
    how: "contains",
  });
});

test("all that is wrong is said at once, and the first of it gets the focus", async () => {
  const onSubmit = shown();
  await userEvent.click(screen.getByLabelText("Buang admin"));
  await userEvent.type(screen.getByLabelText("Jeda"), "1");
  await userEvent.click(screen.getByText("Kirim"));

  expect(onSubmit).not.toHaveBeenCalled();
  expect(screen.getByText("Wajib diisi.")).toBeInTheDocument();
  expect(screen.getByText("Paling sedikit 1 isian.")).toBeInTheDocument();
  expect(screen.getByText("Paling kecil 2.")).toBeInTheDocument();
  expect(screen.getByLabelText(/Isi pesan/)).toHaveFocus();
});

test("a field says what is wrong when it is left", async () => {
  shown();
  await userEvent.type(screen.getByLabelText(/Isi pesan/), "Hai");
  await userEvent.tab();

  expect(screen.getByText("Paling sedikit 5 huruf.")).toBeInTheDocument();
});

test("what the server says of a field stands below it", () => {
  shown([{ field: "params.message", message: "Kurung tidak ditutup", hint: "" }]);

  expect(screen.getByLabelText(/Isi pesan/)).toHaveAccessibleDescription("Kurung tidak ditutup");
});
