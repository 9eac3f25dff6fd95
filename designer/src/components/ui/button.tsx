import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const styles = cva(
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-control font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      look: {
        primary: "bg-primary text-on-primary hover:bg-primary-hover",
        plain: "border bg-surface text-text hover:bg-sunken",
        quiet: "text-muted hover:bg-sunken hover:text-text",
        danger: "bg-danger text-on-danger hover:opacity-90",
      },
      size: { normal: "h-9 px-3.5", small: "h-8 px-2.5 text-sm", icon: "size-9", tiny: "size-7" },
    },
    defaultVariants: { look: "plain", size: "normal" },
  },
);

type ButtonProps = ComponentProps<"button"> & VariantProps<typeof styles> & { asChild?: boolean };

/** `asChild` dresses the one child (a link) as a button. */
export function Button({ look, size, asChild, className, type, ...rest }: ButtonProps) {
  const all = { className: cn(styles({ look, size }), className), ...rest };
  return asChild ? <Slot.Root {...all} /> : <button type={type ?? "button"} {...all} />;
}
