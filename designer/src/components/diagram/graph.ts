/** What the canvas draws: cards, edges and frames, out of a document and the catalogue. */

import type { Schema } from "@/components/schema-form/schema";
import { inLanguage } from "@/i18n";
import type { Catalogue, NodeType } from "./catalogue";
import { type FlowDocument, kindOf, type NodeEntry } from "./document";
import { portsOf, waysOf } from "./ports";
import { summaryOf } from "./summary";

export const CARD_WIDTH = 240;
const HEAD_HEIGHT = 66;
const PORT_HEIGHT = 24;
const FOOT_HEIGHT = 8;

export interface Card {
  id: string;
  type: NodeType | undefined;
  kind: string;
  title: string;
  summary: string;
  ports: string[];
  /** The container whose frame it stands in. */
  within: string | undefined;
  isTrigger: boolean;
  isDisabled: boolean;
  width: number;
  height: number;
}

export interface Wire {
  id: string;
  source: string;
  port: string;
  target: string;
}

export interface Graph {
  cards: Card[];
  wires: Wire[];
}

export function graphOf(document: FlowDocument, catalogue: Catalogue): Graph {
  const params = (document.params ?? {}) as Schema;
  const triggers = Object.entries(document.triggers ?? {});
  const nodes = Object.entries(document.nodes ?? {});
  const cards = [
    ...triggers.map(([id, entry]) => cardOf(id, entry ?? {}, catalogue, params, true)),
    ...nodes.map(([id, entry]) => cardOf(id, entry ?? {}, catalogue, params, false)),
  ];
  const known = new Set(cards.map((card) => card.id));
  const wires = [...triggers, ...nodes].flatMap(([source, entry]) =>
    waysOf(entry ?? {})
      .filter(([, target]) => known.has(target))
      .map(([port, target]) => ({ id: `${source}.${port}>${target}`, source, port, target })),
  );
  return { cards, wires };
}

function cardOf(
  id: string,
  entry: NodeEntry,
  catalogue: Catalogue,
  params: Schema,
  isTrigger: boolean,
): Card {
  const kind = kindOf(entry.type);
  const type = catalogue.get(kind);
  const ports = portsOf(type, entry);
  return {
    id,
    type,
    kind,
    title: entry.name || inLanguage(type?.title, kind || id),
    summary: type ? summaryOf(type, entry, params) : "",
    ports,
    within: entry.within,
    isTrigger,
    isDisabled: entry.disabled === true,
    width: CARD_WIDTH,
    height: HEAD_HEIGHT + ports.length * PORT_HEIGHT + FOOT_HEIGHT,
  };
}
