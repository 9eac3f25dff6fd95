import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ask, authMe, Problem } from ".";
import { forgetTokens, isSignedIn, keepTokens, session } from "./session";

const ME = {
  tenant: { id: 1, name: "Toko", zone: "Asia/Jakarta" },
  user: null,
  role: "user",
  via: "jwt",
};
const json = (status: number, body: unknown) => Response.json(body, { status });

/** A server that takes the token "fresh" only, and gives it once for the token "good". */
function server(
  refresh: () => Response = () => json(200, { access_token: "fresh", refresh_token: "next" }),
) {
  const refreshes = vi.fn(refresh);
  const answer = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(
      new URL(String(input instanceof Request ? input.url : input), location.origin),
      init,
    );
    if (request.url.endsWith("/api/auth/refresh")) return refreshes();
    const sent = input instanceof Request ? input : request;
    const isFresh = sent.headers.get("Authorization") === "Bearer fresh";
    return isFresh
      ? json(200, ME)
      : json(401, { code: "signed_out", detail: "You were signed out." });
  };
  vi.stubGlobal("fetch", vi.fn(answer));
  return refreshes;
}

beforeEach(() => keepTokens({ access_token: "stale", refresh_token: "good" }));
afterEach(() => {
  vi.unstubAllGlobals();
  forgetTokens();
});

test("a token that is over is renewed once, however many ask, and nobody notices", async () => {
  const refreshes = server();
  const answers = await Promise.all([ask(authMe()), ask(authMe()), ask(authMe())]);

  expect(answers).toEqual([ME, ME, ME]);
  expect(refreshes).toHaveBeenCalledOnce();
  expect(session.getState()).toMatchObject({ access: "fresh", refresh: "next" });
});

test("when the sign-in is over the person is signed out here too", async () => {
  server(() => json(401, { code: "refresh_used" }));

  await expect(ask(authMe())).rejects.toMatchObject({ status: 401, code: "signed_out" });
  expect(isSignedIn()).toBe(false);
});

test("a server that is away signs nobody out", async () => {
  server(() => json(503, {}));

  await expect(ask(authMe())).rejects.toMatchObject({ status: 0, code: "no_answer" });
  expect(isSignedIn()).toBe(true);
});

test("what the server says is wrong arrives whole", async () => {
  const said = {
    code: "stale_revision",
    detail: "Somebody saved.",
    hint: "Merge.",
    problems: [],
    revision: 8,
  };
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => json(409, said)),
  );

  const error = await ask(authMe()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Problem);
  expect(error).toMatchObject({
    status: 409,
    code: "stale_revision",
    hint: "Merge.",
    message: "Somebody saved.",
  });
  expect((error as Problem).body.revision).toBe(8);
});
