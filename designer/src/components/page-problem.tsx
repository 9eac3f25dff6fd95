import { ProblemView } from "./problem-view";

/** In place of a page that could not be shown. */
export function PageProblem({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className="mx-auto max-w-xl p-8">
      <ProblemView error={error} onAgain={reset} />
    </div>
  );
}
