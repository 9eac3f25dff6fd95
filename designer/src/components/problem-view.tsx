import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { problemOf } from "@/api";
import { Button } from "./ui/button";

interface ProblemViewProps {
  error: unknown;
  onAgain?: () => void;
}

/** What went wrong, what to do, and the number to ask for help with. */
export function ProblemView({ error, onAgain }: ProblemViewProps) {
  const { t } = useTranslation();
  const problem = problemOf(error);
  const noAnswer = problem.status === 0;
  return (
    <div role="alert" className="flex gap-3 rounded-card border border-danger/40 bg-surface p-4">
      <CircleAlert className="mt-0.5 size-5 shrink-0 text-danger" />
      <div className="grid min-w-0 gap-1">
        <p className="font-medium">{noAnswer ? t("problem.noAnswer") : problem.message}</p>
        {(noAnswer || problem.hint) && (
          <p className="text-muted">{noAnswer ? t("problem.noAnswerHint") : problem.hint}</p>
        )}
        {problem.fields.length > 0 && (
          <ul className="list-disc pl-5 text-muted">
            {problem.fields.map((field) => (
              <li key={`${field.field} ${field.message}`}>
                {field.field && <code className="font-mono text-sm">{field.field}</code>}{" "}
                {field.message} {field.hint}
              </li>
            ))}
          </ul>
        )}
        {problem.requestId && (
          <p className="text-muted text-xs">
            {t("problem.reference")}: <code className="font-mono">{problem.requestId}</code>
          </p>
        )}
        {onAgain && (
          <Button size="small" className="mt-1 justify-self-start" onClick={onAgain}>
            {t("action.again")}
          </Button>
        )}
      </div>
    </div>
  );
}
