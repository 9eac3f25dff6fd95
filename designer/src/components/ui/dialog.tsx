import { X } from "lucide-react";
import { Dialog as Base } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Button } from "./button";

export const DialogClose = Base.Close;

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string;
  children?: ReactNode;
  /** Buttons, the main one last. */
  footer?: ReactNode;
  className?: string;
}

export function Dialog(props: DialogProps) {
  const { t } = useTranslation();
  return (
    <Base.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Base.Portal>
        <Base.Overlay className="fixed inset-0 z-40 bg-[rgb(8_16_20/45%)]" />
        <Base.Content
          {...(props.description ? {} : { "aria-describedby": undefined })}
          className={cn(
            "-translate-x-1/2 -translate-y-1/2 fixed top-1/2 left-1/2 z-50 grid max-h-[85dvh] w-[min(30rem,calc(100vw-2rem))] gap-4 overflow-auto rounded-card border bg-raised p-5 shadow-raised",
            props.className,
          )}
        >
          <div className="flex items-start gap-4">
            <div className="grid flex-1 gap-1">
              <Base.Title className="font-semibold text-lg">{props.title}</Base.Title>
              {props.description && (
                <Base.Description className="text-muted">{props.description}</Base.Description>
              )}
            </div>
            <Base.Close asChild>
              <Button look="quiet" size="tiny" aria-label={t("action.close")}>
                <X />
              </Button>
            </Base.Close>
          </div>
          {props.children}
          {props.footer && <div className="flex justify-end gap-2">{props.footer}</div>}
        </Base.Content>
      </Base.Portal>
    </Base.Root>
  );
}
