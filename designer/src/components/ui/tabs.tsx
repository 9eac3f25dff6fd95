import { Tabs as Base } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

export const Tabs = Base.Root;
export const TabPanel = Base.Content;

export function TabList({ className, ...rest }: ComponentProps<typeof Base.List>) {
  return <Base.List className={cn("flex gap-4 border-b", className)} {...rest} />;
}

export function Tab({ className, ...rest }: ComponentProps<typeof Base.Trigger>) {
  return (
    <Base.Trigger
      className={cn(
        "-mb-px h-9 border-transparent border-b-2 text-muted hover:text-text data-[state=active]:border-primary data-[state=active]:text-text",
        className,
      )}
      {...rest}
    />
  );
}
