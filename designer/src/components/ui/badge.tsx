import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const styles = cva(
  "inline-flex h-5.5 items-center gap-1.5 rounded-full px-2 font-medium text-xs whitespace-nowrap [&_svg]:size-3",
  {
    variants: {
      tone: {
        neutral: "bg-sunken text-muted",
        success: "bg-[color-mix(in_oklab,var(--success)_12%,transparent)] text-success",
        warning: "bg-[color-mix(in_oklab,var(--warning)_13%,transparent)] text-warning",
        danger: "bg-[color-mix(in_oklab,var(--danger)_12%,transparent)] text-danger",
        info: "bg-[color-mix(in_oklab,var(--info)_12%,transparent)] text-info",
        hue: "soft-hue",
      },
    },
    defaultVariants: { tone: "neutral" },
  },
);

export type Tone = NonNullable<VariantProps<typeof styles>["tone"]>;

export function Badge({
  tone,
  className,
  ...rest
}: ComponentProps<"span"> & VariantProps<typeof styles>) {
  return <span className={cn(styles({ tone }), className)} {...rest} />;
}
