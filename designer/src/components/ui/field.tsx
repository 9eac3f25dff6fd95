import { type ReactNode, useId } from "react";

interface FieldProps {
  label: string;
  help?: string;
  error?: string;
  required?: boolean;
  /** Draws the control; it gets what ties it to its label, help and error. */
  children: (control: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": true | undefined;
    "aria-required": true | undefined;
  }) => ReactNode;
}

/** One control with its label above, and its help or error below. */
export function Field({ label, help, error, required, children }: FieldProps) {
  const id = useId();
  const below = `${id}-below`;
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
        {required && (
          <span aria-hidden className="text-danger">
            {" "}
            *
          </span>
        )}
      </label>
      {children({
        id,
        "aria-describedby": help || error ? below : undefined,
        "aria-invalid": error ? true : undefined,
        "aria-required": required ? true : undefined,
      })}
      {(error || help) && (
        <p id={below} className={error ? "text-sm text-danger" : "text-sm text-muted"}>
          {error || help}
        </p>
      )}
    </div>
  );
}
