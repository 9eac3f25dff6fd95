import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { documentOf } from "./document";
import { graphOf } from "./graph";
import { arranged, boxOf, framesOf, overlaps, placesOf } from "./layout";

const SHIPPED = resolve("../flows/templates");
const templates = readdirSync(SHIPPED).filter((name) => name.endsWith(".yaml"));

function template(name: string) {
  return documentOf(readFileSync(resolve(SHIPPED, name), "utf8"));
}

test.each(templates)("no card of %s covers another, and frames hold their own only", (name) => {
  const document = template(name);
  const graph = graphOf(document, new Map());
  const places = placesOf(graph, document);

  const boxes = graph.cards.map((card) => ({
    ...boxOf(card, places),
    id: card.id,
    within: card.within,
  }));
  for (const [at, box] of boxes.entries()) {
    for (const other of boxes.slice(at + 1)) {
      expect(overlaps(box, other), `${box.id} covers ${other.id}`).toBe(false);
    }
  }
  for (const [container, frame] of framesOf(graph, places)) {
    for (const box of boxes.filter((one) => one.within === undefined)) {
      expect(overlaps(box, frame), `${box.id} in the frame of ${container}`).toBe(false);
    }
  }
});

test("a step stands right of the step before it", () => {
  const graph = graphOf(template("inbound-pipeline.yaml"), new Map());
  const places = arranged(graph);
  for (const { source, target } of graph.wires) {
    const [from, to] = [places.get(source), places.get(target)];
    expect(to?.x, `${source} -> ${target}`).toBeGreaterThan(from?.x ?? 0);
  }
});

test("places that were given are kept", () => {
  const document = documentOf(`
triggers: {start: {type: manual, next: wait}}
nodes: {wait: {type: wait}}
ui: {layout: {start: [5, 7], wait: [400, 90]}}
`);
  const places = placesOf(graphOf(document, new Map()), document);
  expect(Object.fromEntries(places)).toEqual({ start: { x: 5, y: 7 }, wait: { x: 400, y: 90 } });
});
