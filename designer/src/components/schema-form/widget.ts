import type { ComponentType } from "react";
import type { Schema } from "./schema";

/** What every widget gets. `control` ties it to its label; `value` may be of any type: a document can hold anything. */
export interface WidgetProps {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
  onBlur: () => void;
  control: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": true | undefined;
    "aria-required": true | undefined;
  };
}

export type Widget = ComponentType<WidgetProps>;
