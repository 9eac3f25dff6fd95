import { DropdownMenu as Base } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  side?: "top" | "bottom" | "right";
}

export function Menu({ trigger, children, align = "end", side = "bottom" }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger asChild>{trigger}</Base.Trigger>
      <Base.Portal>
        <Base.Content
          align={align}
          side={side}
          sideOffset={6}
          className="z-50 min-w-48 animate-appear rounded-card border bg-raised p-1 shadow-raised"
        >
          {children}
        </Base.Content>
      </Base.Portal>
    </Base.Root>
  );
}

const itemLook =
  "flex h-8 cursor-default items-center gap-2 rounded-control px-2 outline-none data-disabled:opacity-50 data-highlighted:bg-sunken [&_svg]:size-4 [&_svg]:text-muted";

export function MenuItem({
  danger,
  className,
  ...rest
}: ComponentProps<typeof Base.Item> & { danger?: boolean }) {
  return (
    <Base.Item
      className={cn(itemLook, danger && "text-danger [&_svg]:text-danger", className)}
      {...rest}
    />
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Base.Label className="px-2 pt-2 pb-1 text-muted text-xs">{children}</Base.Label>;
}

export function MenuSeparator() {
  return <Base.Separator className="my-1 h-px bg-border" />;
}

interface MenuChoiceProps<T extends string> {
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: string }[];
}

/** One of a few, the current one marked. */
export function MenuChoice<T extends string>({ value, onChange, options }: MenuChoiceProps<T>) {
  return (
    <Base.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as T)}>
      {options.map((option) => (
        <Base.RadioItem key={option.value} value={option.value} className={itemLook}>
          <span className="w-4">
            <Base.ItemIndicator>•</Base.ItemIndicator>
          </span>
          {option.label}
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}
