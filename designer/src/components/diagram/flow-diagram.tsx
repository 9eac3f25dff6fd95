import "@xyflow/react/dist/style.css";
import "./diagram.css";
import {
  Background,
  BackgroundVariant,
  Controls,
  type Edge,
  MiniMap,
  ReactFlow,
  type ReactFlowInstance,
  type ReactFlowProps,
} from "@xyflow/react";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Catalogue } from "./catalogue";
import type { FlowDocument } from "./document";
import { type FrameNode, FrameView } from "./frame-view";
import { type Graph, graphOf } from "./graph";
import { frameId, framesOf, type Places, placesOf } from "./layout";
import { type CardNode, NodeView } from "./node-view";

const NODE_TYPES = { card: NodeView, frame: FrameView };
const MINIMAP_FROM = 8;
/** Cards below this zoom can't be read: a large flow starts at its beginning instead. */
export const READABLE_ZOOM = 0.7;
const START_MARGIN = 32;

export type DiagramNode = CardNode | FrameNode;

/** A graph with its places as nodes of React Flow: frames first, so that they lie below. */
export function nodesOf(graph: Graph, places: Places): DiagramNode[] {
  const titles = new Map(graph.cards.map((card) => [card.id, card.title]));
  const frames = [...framesOf(graph, places)].map(
    ([container, { x, y, width, height }]): FrameNode => ({
      id: frameId(container),
      type: "frame",
      position: { x, y },
      data: { title: titles.get(container) ?? container, width, height },
      width,
      height,
      selectable: false,
      focusable: false,
      draggable: false,
      zIndex: -1,
    }),
  );
  const cards = graph.cards.map(
    (card): CardNode => ({
      id: card.id,
      type: "card",
      position: places.get(card.id) ?? { x: 0, y: 0 },
      data: { card },
      width: card.width,
      height: card.height,
      ...(card.isDisabled ? { className: "is-disabled" } : {}),
    }),
  );
  return [...frames, ...cards];
}

export function edgesOf(graph: Graph): Edge[] {
  const groups = new Map(graph.cards.map((card) => [card.id, card.type?.group ?? "timing"]));
  return graph.wires.map(({ id, source, port, target }) => ({
    id,
    source,
    sourceHandle: port,
    target,
    type: "smoothstep",
    style: {
      stroke:
        port === "error"
          ? "var(--danger)"
          : `color-mix(in oklab, var(--group-${groups.get(source)}) 60%, var(--border-strong))`,
    },
  }));
}

/** The whole flow where it can be read; else its beginning, the rest to the right. */
export async function showStart(flow: ReactFlowInstance<DiagramNode>): Promise<void> {
  await flow.fitView({ padding: 0.06, maxZoom: 1 });
  const { y, zoom } = flow.getViewport();
  if (zoom >= READABLE_ZOOM) return;
  const bounds = flow.getNodesBounds(flow.getNodes());
  const middle = bounds.y + bounds.height / 2;
  const height = 2 * (y + middle * zoom);
  const start = flow.getNodes().find((node) => node.type === "card");
  const at = start ? start.position.y + (start.height ?? 0) / 2 : middle;
  await flow.setViewport({
    x: START_MARGIN - bounds.x * READABLE_ZOOM,
    y: height / 2 - at * READABLE_ZOOM,
    zoom: READABLE_ZOOM,
  });
}

interface FlowDiagramProps {
  document: FlowDocument;
  catalogue: Catalogue;
  children?: ReactNode;
  /** Controls and the small map; off in a preview. */
  tools?: boolean;
  onSelect?: (nodeId: string | undefined) => void;
}

/** A flow to look at: it can be moved, zoomed and selected in, not changed. */
export function FlowDiagram({ document, catalogue, children, tools, onSelect }: FlowDiagramProps) {
  const { t, i18n } = useTranslation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the cards' words follow the language
  const graph = useMemo(() => graphOf(document, catalogue), [document, catalogue, i18n.language]);
  const nodes = useMemo(() => nodesOf(graph, placesOf(graph, document)), [graph, document]);
  const edges = useMemo(() => edgesOf(graph), [graph]);
  const labels: ReactFlowProps["ariaLabelConfig"] = {
    "controls.ariaLabel": t("canvas.label"),
    "controls.zoomIn.ariaLabel": t("canvas.zoomIn"),
    "controls.zoomOut.ariaLabel": t("canvas.zoomOut"),
    "controls.fitView.ariaLabel": t("canvas.fit"),
    "minimap.ariaLabel": t("canvas.minimap"),
  };
  return (
    <ReactFlow<DiagramNode>
      aria-label={t("canvas.label")}
      defaultNodes={nodes}
      defaultEdges={edges}
      key={`${i18n.language} ${graph.cards.length} ${graph.wires.length}`}
      nodeTypes={NODE_TYPES}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      onInit={showStart}
      minZoom={0.1}
      maxZoom={2}
      ariaLabelConfig={labels}
      onSelectionChange={({ nodes: [first] }) => onSelect?.(first?.id)}
    >
      <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
      {tools && <Controls showInteractive={false} />}
      {tools && graph.cards.length >= MINIMAP_FROM && (
        <MiniMap<DiagramNode>
          pannable
          zoomable
          className="max-md:hidden"
          nodeColor={(node) =>
            node.type === "card"
              ? `var(--group-${node.data.card.type?.group ?? "timing"})`
              : "transparent"
          }
        />
      )}
      {children}
    </ReactFlow>
  );
}
