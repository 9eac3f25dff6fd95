import "@testing-library/jest-dom/vitest";
import "fake-indexeddb/auto";
import { cleanup } from "@testing-library/react";
import { afterEach, beforeAll } from "vitest";
import { startLanguage } from "@/i18n";

beforeAll(() => startLanguage("id"));
afterEach(() => {
  cleanup();
  localStorage.clear();
});
