import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface PageProps {
  title: string;
  lead?: string;
  /** What can be done with the whole page. */
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** An ordinary page: a title, what can be done, and the content, at most 1440 px wide. */
export function Page({ title, lead, actions, children, className }: PageProps) {
  return (
    <div className={cn("mx-auto grid w-full max-w-[1440px] gap-5 p-4 md:p-6", className)}>
      <header className="flex flex-wrap items-end gap-x-4 gap-y-3">
        <div className="min-w-0 flex-1">
          <h1 className="font-semibold text-xl">{title}</h1>
          {lead && <p className="text-muted">{lead}</p>}
        </div>
        {actions}
      </header>
      {children}
    </div>
  );
}
