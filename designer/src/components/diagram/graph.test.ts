import { expect, test } from "vitest";
import { catalogueOf } from "./catalogue";
import { documentOf } from "./document";
import { graphOf } from "./graph";

const FORM = { properties: {} };
const words = (text: string) => ({ en: text, id: text });
const catalogue = catalogueOf([
  {
    kind: "message",
    version: 1,
    group: "triggers",
    title: words("Pesan"),
    ports: ["next"],
    form: FORM,
  },
  {
    kind: "switch",
    version: 1,
    group: "logic",
    title: words("Percabangan"),
    ports: ["else", "error"],
    ports_from_form: true,
    form: {
      properties: {
        cases: {
          patternProperties: { "^a": {} },
          title: "Pilihan",
          "x-widget": "cases",
          "x-lang": "jsonlogic",
        },
      },
    },
  },
  {
    kind: "brand-new",
    version: 2,
    group: "somewhere",
    title: words("Baru"),
    ports: ["ok", "error"],
    form: { properties: { text: { title: "Teks", type: "string" }, from: { title: "Dari" } } },
  },
]);

const document = documentOf(`
params: {properties: {hello: {title: Salam}}}
triggers: {pesan: {type: message, next: pilih}}
nodes:
  pilih:
    type: switch
    with: {cases: {teks: true, gambar: true}}
    next: {teks: [baru, lagi], error: lagi, gone: nobody}
  baru: {type: brand-new@2, name: Langkah, with: {text: {$: params.hello}, from: {$: trigger.text}}}
  lagi: {type: nobody-knows}
`);

test("ways out a person named come first, and error only where it leads somewhere", () => {
  const ports = Object.fromEntries(
    graphOf(document, catalogue).cards.map((card) => [card.id, card.ports]),
  );
  expect(ports).toEqual({
    pesan: ["next"],
    pilih: ["teks", "gambar", "else", "gone", "error"],
    baru: ["ok"],
    lagi: [],
  });
});

test("a way out may lead to several steps, and nowhere when the step is gone", () => {
  const wires = graphOf(document, catalogue).wires.map((wire) => wire.id);
  expect(wires).toEqual([
    "pesan.next>pilih",
    "pilih.teks>baru",
    "pilih.teks>lagi",
    "pilih.error>lagi",
  ]);
});

test("a kind the designer never heard of is drawn from the catalogue", () => {
  const card = graphOf(document, catalogue).cards.find(({ id }) => id === "baru");
  expect(card).toMatchObject({ title: "Langkah", summary: "‹Salam›", isTrigger: false });
});

test("a kind the server does not know is drawn all the same", () => {
  const card = graphOf(document, catalogue).cards.find(({ id }) => id === "lagi");
  expect(card).toMatchObject({ title: "nobody-knows", type: undefined });
});
