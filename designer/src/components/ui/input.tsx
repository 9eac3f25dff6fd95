import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

export const fieldLook =
  "w-full rounded-control border border-border-strong bg-surface px-3 text-text placeholder:text-muted transition-colors aria-invalid:border-danger disabled:opacity-60";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={cn(fieldLook, "h-9", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return (
    <textarea
      className={cn(fieldLook, "field-sizing-content max-h-80 min-h-20 py-2", className)}
      {...rest}
    />
  );
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={cn(fieldLook, "h-9 pr-8", className)} {...rest} />;
}
