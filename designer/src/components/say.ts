import i18next from "i18next";
import { toast } from "sonner";
import { problemOf } from "@/api";

/** Say briefly that something did not work, and what to do. */
export function sayProblem(error: unknown): void {
  const problem = problemOf(error);
  const noAnswer = problem.status === 0;
  toast.error(noAnswer ? i18next.t("problem.noAnswer") : problem.message, {
    description: noAnswer ? i18next.t("problem.noAnswerHint") : problem.hint || undefined,
    duration: 8000,
  });
}
