/** Where cards stand: as they were put, or from left to right so that nothing overlaps. */
import { Graph as Dagre, layout } from "@dagrejs/dagre";
import type { FlowDocument } from "./document";
import type { Card, Graph } from "./graph";

export const COLUMN_GAP = 64;
export const ROW_GAP = 24;
export const FRAME_PADDING = 28;
export const FRAME_HEAD = 36;

export interface Place {
  x: number;
  y: number;
}

export interface Box extends Place {
  width: number;
  height: number;
}

export type Places = ReadonlyMap<string, Place>;

/** The places of the document when it has one for every card and none covers another. */
export function placesOf(graph: Graph, document: FlowDocument): Places {
  const given = document.ui?.layout ?? {};
  const places = new Map<string, Place>();
  for (const { id } of graph.cards) {
    const [x, y] = given[id] ?? [];
    if (typeof x !== "number" || typeof y !== "number") return arranged(graph);
    places.set(id, { x, y });
  }
  return isCrowded(graph, places) ? arranged(graph) : places;
}

/** Columns from left to right; what a container holds stays together. */
export function arranged(graph: Graph): Places {
  const dagre = new Dagre({ compound: true, multigraph: true });
  dagre.setGraph({ rankdir: "LR", ranksep: COLUMN_GAP, nodesep: ROW_GAP, edgesep: 12 });
  dagre.setDefaultEdgeLabel(() => ({}));
  const ids = new Set(graph.cards.map((card) => card.id));
  for (const { id, width, height } of graph.cards) dagre.setNode(id, { width, height });
  for (const { id, within } of graph.cards) {
    if (within === undefined || !ids.has(within)) continue;
    dagre.setNode(frameId(within), {});
    dagre.setParent(id, frameId(within));
  }
  for (const { id, within } of graph.cards) {
    // A container in another's body brings its frame along.
    if (within !== undefined && dagre.hasNode(frameId(id))) {
      dagre.setParent(frameId(id), frameId(within));
    }
  }
  for (const { id, source, target } of graph.wires) dagre.setEdge(source, target, {}, id);
  layout(dagre);
  const places = new Map<string, Place>();
  for (const { id, width, height } of graph.cards) {
    const { x, y } = dagre.node(id) as Place;
    places.set(id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2) });
  }
  return places;
}

export const frameId = (container: string) => `${container}#body`;

export function boxOf(card: Card, places: Places): Box {
  const { x, y } = places.get(card.id) ?? { x: 0, y: 0 };
  return { x, y, width: card.width, height: card.height };
}

/** The frame of each container: around its body, and around the frames within. */
export function framesOf(graph: Graph, places: Places): Map<string, Box> {
  const frames = new Map<string, Box>();
  const bodies = Map.groupBy(
    graph.cards.filter((card) => card.within !== undefined),
    (card) => card.within ?? "",
  );
  const open = new Set<string>();
  const frame = (container: string): Box | undefined => {
    const body = bodies.get(container);
    if (!body || open.has(container)) return undefined;
    open.add(container);
    const boxes = body.flatMap((card) => {
      const inner = frame(card.id);
      return inner ? [boxOf(card, places), inner] : [boxOf(card, places)];
    });
    open.delete(container);
    const left = Math.min(...boxes.map((box) => box.x)) - FRAME_PADDING;
    const top = Math.min(...boxes.map((box) => box.y)) - FRAME_HEAD;
    const right = Math.max(...boxes.map((box) => box.x + box.width)) + FRAME_PADDING;
    const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + FRAME_PADDING;
    const found = { x: left, y: top, width: right - left, height: bottom - top };
    frames.set(container, found);
    return found;
  };
  const known = new Set(graph.cards.map((card) => card.id));
  for (const container of bodies.keys()) if (known.has(container)) frame(container);
  return frames;
}

export function overlaps(one: Box, other: Box, gap = 0): boolean {
  return (
    one.x < other.x + other.width + gap &&
    other.x < one.x + one.width + gap &&
    one.y < other.y + other.height + gap &&
    other.y < one.y + one.height + gap
  );
}

/** Whether a card covers another, or stands in a frame it does not belong to. */
function isCrowded(graph: Graph, places: Places): boolean {
  const cards = graph.cards.map((card) => ({ card, box: boxOf(card, places) }));
  const frames = [...framesOf(graph, places).values()];
  const outside = cards.filter(({ card }) => card.within === undefined);
  return (
    cards.some(({ box }, at) => cards.slice(at + 1).some((other) => overlaps(box, other.box, 8))) ||
    frames.some((frame) => outside.some(({ box }) => overlaps(box, frame)))
  );
}
