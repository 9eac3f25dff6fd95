/**
 * After a build: packs every file (the API sends the packed one), and checks the budgets:
 * what the first page loads, and what the designer adds to it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGETS = { first: 250_000, designer: 350_000 };
/** Pages that may be the first: each with all it needs, files loaded later left out. */
const FIRST_PAGES = ["src/features/auth/login-page.tsx", "src/features/flows/flows-page.tsx"];
const DESIGNER = "src/features/canvas/flow-page.tsx";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const sizes = new Map();
for (const name of readdirSync(new URL("assets/", dist))) {
  if (!/\.(js|css|svg)$/.test(name)) continue;
  const packed = gzipSync(readFileSync(new URL(`assets/${name}`, dist)), { level: 9 });
  writeFileSync(new URL(`assets/${name}.gz`, dist), packed);
  sizes.set(`assets/${name}`, packed.length);
}

/** All files an entry loads at once, itself included. */
function filesOf(key, found = new Set()) {
  const entry = manifest[key];
  if (!entry) throw new Error(`${key} is no entry of the build; change it in ${import.meta.url}`);
  if (found.has(entry.file)) return found;
  found.add(entry.file);
  for (const style of entry.css ?? []) found.add(style);
  for (const inner of entry.imports ?? []) filesOf(inner, found);
  return found;
}

const bytes = (files) => [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
const language = Object.keys(manifest).find((key) => key.endsWith("src/i18n/id/index.ts"));
const first = filesOf("index.html");
if (language) filesOf(language, first);
filesOf("src/app/frame/frame.tsx", first);
for (const page of FIRST_PAGES) filesOf(page, first);
const designer = [...filesOf(DESIGNER)].filter((file) => !first.has(file));

let tooMuch = false;
for (const [name, size] of [
  ["first", bytes(first)],
  ["designer", bytes(designer)],
]) {
  const over = size > BUDGETS[name];
  tooMuch ||= over;
  const kb = (value) => `${(value / 1000).toFixed(0)} kB`;
  console.log(`${name}: ${kb(size)} of ${kb(BUDGETS[name])} gzip${over ? ", TOO MUCH" : ""}`);
}
if (tooMuch) process.exit(1);
