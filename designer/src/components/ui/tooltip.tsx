import { Tooltip as Base } from "radix-ui";
import type { ReactNode } from "react";

export function TooltipProvider({ children }: { children: ReactNode }) {
  return <Base.Provider delayDuration={400}>{children}</Base.Provider>;
}

interface TooltipProps {
  text: string;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactNode;
}

export function Tooltip({ text, side = "top", children }: TooltipProps) {
  return (
    <Base.Root>
      <Base.Trigger asChild>{children}</Base.Trigger>
      <Base.Portal>
        <Base.Content
          side={side}
          sideOffset={6}
          className="z-50 max-w-72 animate-appear rounded-control bg-text px-2 py-1 text-background text-xs"
        >
          {text}
        </Base.Content>
      </Base.Portal>
    </Base.Root>
  );
}
