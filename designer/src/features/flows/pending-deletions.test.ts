import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  deleteLater,
  finishAll,
  takeBack,
  UNDO_MS,
  usePendingDeletions,
} from "./pending-deletions";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a deletion is hidden at once and done after ten seconds", async () => {
  const remove = vi.fn().mockResolvedValue(undefined);
  const { result } = renderHook(usePendingDeletions);

  act(() => deleteLater(7, remove, vi.fn()));
  expect(result.current).toEqual([7]);
  expect(remove).not.toHaveBeenCalled();

  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  expect(remove).toHaveBeenCalledOnce();
  expect(result.current).toEqual([]);
});

test("a deletion that is taken back never happens", async () => {
  const remove = vi.fn().mockResolvedValue(undefined);
  deleteLater(7, remove, vi.fn());
  takeBack(7);

  await vi.advanceTimersByTimeAsync(UNDO_MS * 2);
  expect(remove).not.toHaveBeenCalled();
});

test("leaving the page does what waits, once", async () => {
  const remove = vi.fn().mockResolvedValue(undefined);
  deleteLater(7, remove, vi.fn());
  window.dispatchEvent(new Event("pagehide"));
  await finishAll();
  await vi.advanceTimersByTimeAsync(UNDO_MS * 2);

  expect(remove).toHaveBeenCalledOnce();
});

test("a deletion the server refuses brings the flow back and says why", async () => {
  const failed = vi.fn();
  const { result } = renderHook(usePendingDeletions);
  deleteLater(7, () => Promise.reject(new Error("in use")), failed);

  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  expect(failed).toHaveBeenCalledWith(new Error("in use"));
  expect(result.current).toEqual([]);
});
