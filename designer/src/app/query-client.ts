import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/api/problem";

const TRIES_MOST = 3;

/** Ask again only where the answer may change: never after "you may not" or "this is wrong". */
export function mayTryAgain(failures: number, error: Error): boolean {
  const isTemporary = error instanceof Problem && (error.status === 0 || error.status >= 500);
  return isTemporary && failures < TRIES_MOST;
}

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: mayTryAgain, staleTime: 10_000 } },
});
