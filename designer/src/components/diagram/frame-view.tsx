import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";

export type FrameNode = Node<{ title: string; width: number; height: number }, "frame">;

/** The frame around what a container does for each of its elements. */
export const FrameView = memo(({ data }: NodeProps<FrameNode>) => (
  <div
    data-group="logic"
    style={{ width: data.width, height: data.height }}
    className="rounded-[12px] border border-hue/50 border-dashed bg-[color-mix(in_oklab,var(--hue)_5%,transparent)]"
  >
    <p className="px-3 pt-2 font-medium text-hue text-xs">{data.title}</p>
  </div>
));
