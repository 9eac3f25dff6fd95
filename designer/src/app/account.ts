import { queryOptions } from "@tanstack/react-query";
import { ask, authLogout, authMe } from "@/api";
import { forgetTokens } from "@/api/session";
import { queryClient } from "./query-client";

/** Who is signed in, and for which business. */
export const me = queryOptions({
  queryKey: ["me"],
  queryFn: () => ask(authMe()),
  staleTime: 300_000,
});

/** End the sign-in on the server and here; here in any case. */
export async function signOut(): Promise<void> {
  try {
    await ask(authLogout());
  } finally {
    forgetTokens();
    queryClient.clear();
  }
}
