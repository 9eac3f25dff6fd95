/** An error of the API (problem+json), or of the way to it. */

export interface FieldProblem {
  field: string;
  message: string;
  hint: string;
}

export class Problem extends Error {
  override name = "Problem";
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Stable, to choose what to do by. */
  readonly code: string;
  readonly hint: string;
  readonly fields: readonly FieldProblem[];
  readonly requestId: string;
  /** The whole body: some problems carry more (a conflict tells what stands there now). */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Record<string, unknown>) {
    super(said(body.detail) || said(body.title) || `HTTP ${status}`);
    this.status = status;
    this.code = said(body.code) || "unknown";
    this.hint = said(body.hint);
    this.fields = Array.isArray(body.problems) ? (body.problems as FieldProblem[]) : [];
    this.requestId = said(body.request_id);
    this.body = body;
  }
}

/** Whatever was thrown, as a problem. */
export function problemOf(error: unknown, response?: Response): Problem {
  if (error instanceof Problem) return error;
  if (response) {
    const body = typeof error === "object" && error !== null ? error : {};
    return new Problem(response.status, body as Record<string, unknown>);
  }
  return new Problem(0, { code: "no_answer", detail: String(error) });
}

function said(value: unknown): string {
  return typeof value === "string" ? value : "";
}
