import { createStore, useStore } from "zustand";

export const UNDO_MS = 10_000;

interface Pending {
  ids: readonly number[];
}

/** Flows that will be deleted unless somebody takes it back: hidden already, on the server still. */
const pending = createStore<Pending>(() => ({ ids: [] }));
const work = new Map<
  number,
  { timer: ReturnType<typeof setTimeout>; act: () => Promise<unknown> }
>();

export function usePendingDeletions(): readonly number[] {
  return useStore(pending, (state) => state.ids);
}

/** Do it in ten seconds, or when the page is left; `onFailure` says why it stays after all. */
export function deleteLater(
  id: number,
  act: () => Promise<unknown>,
  onFailure: (error: unknown) => void,
): void {
  const once = () => act().catch(onFailure);
  const timer = setTimeout(() => void finish(id), UNDO_MS);
  work.set(id, { timer, act: once });
  pending.setState(({ ids }) => ({ ids: [...ids, id] }));
}

export function takeBack(id: number): void {
  clearTimeout(work.get(id)?.timer);
  work.delete(id);
  pending.setState(({ ids }) => ({ ids: ids.filter((one) => one !== id) }));
}

async function finish(id: number): Promise<void> {
  const found = work.get(id);
  if (!found) return;
  clearTimeout(found.timer);
  work.delete(id);
  await found.act();
  takeBack(id);
}

/** Do now what waits. */
export function finishAll(): Promise<unknown> {
  return Promise.all([...work.keys()].map(finish));
}

window.addEventListener("pagehide", () => void finishAll());
