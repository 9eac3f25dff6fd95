import { client } from "./generated/client.gen";
import { problemOf } from "./problem";
import { refreshed, session } from "./session";

/** Requests that carry no token and whose 401 says something else than "sign in again". */
const OPEN = /^\/api\/auth\/(login|refresh)$/;

/** Send a request as who is signed in; when the token is over, renew it and send again, once. */
export async function signedFetch(request: Request): Promise<Response> {
  if (OPEN.test(new URL(request.url).pathname)) return fetch(request);
  const { access } = session.getState();
  const again = request.clone();
  const answer = await fetch(withToken(request, access));
  if (answer.status !== 401 || !session.getState().refresh) return answer;
  const fresh = await refreshed(access);
  return fresh ? fetch(withToken(again, fresh)) : answer;
}

function withToken(request: Request, token: string): Request {
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

client.setConfig({
  baseUrl: window.location.origin,
  fetch: (input, init) => signedFetch(new Request(input, init)),
  throwOnError: true,
});
client.interceptors.error.use((error, response) => problemOf(error, response));

/** The data of an answer, or a `Problem` thrown. Every call goes through here: `ask(flowsGet(…))`. */
export async function ask<T>(call: Promise<{ data: T | undefined }>): Promise<T> {
  try {
    return (await call).data as T;
  } catch (error) {
    throw problemOf(error);
  }
}
