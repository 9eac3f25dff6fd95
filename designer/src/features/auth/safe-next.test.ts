import { expect, test } from "vitest";
import { safeNext } from "./safe-next";

test.each([
  ["/flows/7?a=1", "/flows/7?a=1"],
  [undefined, "/"],
  ["https://evil.example", "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["/login?next=/login", "/"],
])("after signing in %s leads to %s", (next, expected) => {
  expect(safeNext(next)).toBe(expected);
});
