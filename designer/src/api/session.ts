import { createStore, useStore } from "zustand";
import { persist } from "zustand/middleware";
import type { TokensOut } from "./generated";

/** Who is signed in on this device. All tabs share it. */
interface Session {
  access: string;
  refresh: string;
}

const NAME = "alir.session";
const NOBODY: Session = { access: "", refresh: "" };

export const session = createStore<Session>()(persist(() => NOBODY, { name: NAME }));

/** Another tab signed in, out, or has newer tokens. */
window.addEventListener("storage", (event) => {
  if (event.key === NAME) void session.persist.rehydrate();
});

export function isSignedIn(): boolean {
  return session.getState().refresh !== "";
}

export function useIsSignedIn(): boolean {
  return useStore(session, (state) => state.refresh !== "");
}

export function keepTokens(tokens: Pick<TokensOut, "access_token" | "refresh_token">): void {
  session.setState({ access: tokens.access_token, refresh: tokens.refresh_token });
}

export function forgetTokens(): void {
  session.setState(NOBODY);
}

/**
 * A fresh access token instead of this one, or "" when the sign-in is over.
 *
 * A refresh token may be used once: one tab at a time asks, and the others take what it got.
 * Throws when the server could not be asked; the sign-in then stands.
 */
export function refreshed(stale: string): Promise<string> {
  return oneAtATime(async () => {
    await session.persist.rehydrate();
    const { access, refresh } = session.getState();
    if (access !== stale) return access;
    if (!refresh) return "";
    const answer = await fetch("/api/auth/refresh", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: refresh }),
    });
    if (answer.ok) {
      keepTokens(await answer.json());
      return session.getState().access;
    }
    if (answer.status >= 500 || answer.status === 429) throw new TypeError("not now");
    forgetTokens();
    return "";
  });
}

let queue: Promise<unknown> = Promise.resolve();

function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const locks: LockManager | null | undefined = navigator.locks;
  if (locks) return locks.request(NAME, work) as Promise<T>;
  // No locks without https on another machine: at least this tab asks once.
  const turn = queue.then(work, work);
  queue = turn.catch(() => undefined);
  return turn;
}
