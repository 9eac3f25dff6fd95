import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  /** What this is for. */
  text: string;
  /** The one thing to do. */
  children?: ReactNode;
}

export function Empty({ icon: Icon, title, text, children }: EmptyProps) {
  return (
    <div className="mx-auto grid max-w-md justify-items-center gap-2 px-6 py-16 text-center">
      <div className="grid size-12 place-items-center rounded-full bg-sunken text-muted">
        <Icon className="size-6" />
      </div>
      <h2 className="mt-2 font-semibold text-lg">{title}</h2>
      <p className="text-muted">{text}</p>
      {children && <div className="mt-3">{children}</div>}
    </div>
  );
}
