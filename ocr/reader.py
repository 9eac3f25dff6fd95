"""Keeps one reader process alive and hands it one page at a time, of each document in turn."""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from ocr import limits, memory, problems, wire
from ocr.assembly import assembled
from ocr.effort import Effort
from ocr.engines import missing
from ocr.problems import Problem, Refused
from ocr.settings import Settings

log = logging.getLogger("ocr")
CHILD = (sys.executable, "-m", "ocr.child")
ATTEMPTS = 2
"""A reader may be killed for no fault of the document (memory of the machine, an operator)."""
LOOK_AGAIN_S = 2.0
"""How often models that were missing are looked for."""


class ChildDied(Exception):
    """The reader ended in the middle of a page."""


class WornOut(Exception):
    """A reader lacked memory for a page after it had others: a fresh one may have enough."""


class _NoStart(Exception):
    """A reader will not get ready; the text says why."""


@dataclass(frozen=True, slots=True)
class State:
    """What /health tells."""

    name: str
    """starting, ready, models_missing or engine_broken."""
    detail: str = ""
    pid: int | None = None


class Reader:
    """Open it with `async with`; then `read` answers.

    Whoever waits for the reader gets it in the order they came, for one page: a picture behind a
    document of many pages waits for one of them.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        command: Sequence[str] = CHILD,
        missing_models: Callable[[Settings], list[str]] = missing,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._command = command
        self._missing = missing_models
        self.turn = asyncio.Lock()
        """Who holds it has the reader idle."""
        self._ready = asyncio.Event()
        self._process: Process | None = None
        self._pages_asked = 0
        self._keeper: asyncio.Task[None] | None = None
        self.state = State("starting")
        self.asked = 0
        """Requests that are taken in, read or wait."""

    async def __aenter__(self) -> "Reader":
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is not None:
            _kill(self._process)
            await self._process.wait()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who may ask. Raises: Refused when all are taken."""
        if self.asked > self._settings.queue_max:
            raise problems.busy(self.asked - 1)
        self.asked += 1
        try:
            yield
        finally:
            self.asked -= 1

    async def read(
        self, document: Path, given_up: Callable[[], Awaitable[bool]] | None = None
    ) -> dict[str, Any]:
        """`ocr.answers.ScanOut` as a dictionary. Nothing more is begun once the asker has gone.

        Raises: Refused for a document that can't be read, or a reader that is not there.
        """
        pages: list[dict[str, Any]] = []
        spent_s, passed_s, lines, tries = 0.0, 0.0, 0, ATTEMPTS
        while not pages or len(pages) < pages[-1]["count"]:
            number = len(pages) + 1
            async with self.turn:
                if given_up is not None and await given_up():
                    raise problems.gone()
                start = perf_counter()
                try:
                    page, effort_s = await self._ask_fresh(document, number, spent_s)
                except ChildDied:
                    tries -= 1
                    if not tries:
                        raise problems.crashed(number) from None
                    continue
                pages.append(page)
                passed_s += perf_counter() - start
                spent_s += effort_s
            lines += len(pages[-1]["lines"])
            if lines > limits.DOCUMENT_LINES_MAX:
                raise problems.too_many_lines(limits.DOCUMENT_LINES_MAX)
        return assembled(pages, self._settings.engine, self._settings.model, passed_s)

    async def _reader_process(self) -> Process:
        try:
            async with asyncio.timeout(limits.WAIT_FOR_READER_S):
                while True:
                    if self.state.name == "models_missing":
                        raise problems.models_missing(self.state.detail)
                    if self.state.name == "engine_broken":
                        raise problems.engine_broken(self.state.detail)
                    if self._ready.is_set() and self._process is not None:
                        return self._process
                    await _first(self._ready.wait(), asyncio.sleep(0.1))
        except TimeoutError:
            raise problems.starting() from None

    async def _ask_fresh(
        self, document: Path, page: int, spent_s: float
    ) -> tuple[dict[str, Any], float]:
        """Like `_ask`; what a used reader has no memory for is read by the next, so that an answer
        doesn't depend on what was read before. The caller holds the turn: none comes between.

        Raises: ChildDied, Refused.
        """
        try:
            return await self._ask(await self._reader_process(), document, page, spent_s)
        except WornOut:
            return await self._ask(await self._reader_process(), document, page, spent_s)

    async def _ask(
        self, process: Process, document: Path, page: int, spent_s: float
    ) -> tuple[dict[str, Any], float]:
        """What the reader says of a page, and the processor time it took.

        Raises: ChildDied; WornOut; Refused with what the reader says or when it takes too much.
        """
        assert process.stdin is not None
        assert process.stdout is not None
        is_fresh, self._pages_asked = not self._pages_asked, self._pages_asked + 1
        effort = Effort(process.pid)
        hears = asyncio.ensure_future(wire.receive(process.stdout))
        try:
            process.stdin.write(wire.packed_json({"file": str(document), "page": page}))
            await process.stdin.drain()
            left_s = self._settings.time_limit_s - spent_s
            while not (await asyncio.wait([hears], timeout=limits.LOOK_AT_MEMORY_S))[0]:
                if memory.resident_bytes(process.pid) > self._settings.reader_bytes_max:
                    log.warning("the reader took too much memory and was stopped")
                    if not is_fresh:
                        raise WornOut
                    raise problems.too_much_memory(page, self._settings.reader_bytes_max)
                self._check_time(effort, page, left_s)
            said = hears.result()
        except (WornOut, Refused, asyncio.CancelledError):
            self._end(process)
            raise
        except (asyncio.IncompleteReadError, ConnectionError, wire.TooLong):
            self._end(process)
            raise ChildDied from None
        finally:
            hears.cancel()
            # Also takes note of how it ended, where nobody waits for it any more.
            await asyncio.gather(hears, return_exceptions=True)
        if said.get("holds_bytes", 0) > limits.READER_RESTING_BYTES_MAX:
            log.warning("the reader kept %d MB; starting another", said["holds_bytes"] >> 20)
            self._end(process)
        if "problem" in said:
            if said["problem"]["code"] == "too_much_memory":
                # One that ran out of memory may have broken things: another takes its place.
                self._end(process)
                if not is_fresh:
                    raise WornOut
            raise Refused(Problem(**said["problem"]))
        answer: dict[str, Any] = said["answer"]
        return answer, effort.look()

    def _check_time(self, effort: Effort, page: int, left_s: float) -> None:
        """Raises: Refused when the page has taken too much, or is not getting anywhere."""
        if not effort.is_due(limits.LOOK_AT_TIME_S):
            return
        spent_s, page_limit_s = effort.look(), self._settings.page_limit_s
        if spent_s >= min(left_s, page_limit_s):
            if left_s < page_limit_s:
                raise problems.document_too_slow(page, self._settings.time_limit_s)
            raise problems.page_too_slow(page, page_limit_s)
        most_s = self._settings.time_limit_s * limits.BUSY_TIMES
        if effort.passed_s >= most_s or effort.still_s >= limits.STILL_S:
            log.warning("page %d got %.2f s in %.0f s", page, spent_s, effort.passed_s)
            raise problems.starved(page, spent_s, effort.passed_s)

    def _end(self, process: Process) -> None:
        self._ready.clear()
        self.state = State("starting")
        _kill(process)

    async def _keep(self) -> None:
        """Start a reader, wait for its end, start the next; slower while none gets ready."""
        pause_s = 0.0
        while True:
            lacking = await asyncio.to_thread(self._missing, self._settings)
            if lacking:
                self.state = State("models_missing", ", ".join(lacking))
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            if self.state.name == "models_missing":
                self.state = State("starting")
            was_ready = await self._run_one()
            pause_s = 0.0 if was_ready else min(limits.RESTART_PAUSE_S_MAX, pause_s * 2 + 0.5)
            await asyncio.sleep(pause_s)

    async def _run_one(self) -> bool:
        """One reader from start to end; whether it ever got ready."""
        self._pages_asked = 0
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            env=dict(self._environment),
            start_new_session=True,  # it steps back alone, not the service with it
        )
        self._process = process
        try:
            ready = await self._wait_until_ready(process)
            if ready:
                code = await process.wait()
                log.warning("the reader ended with code %s; starting another", code)
                self.state = State("starting")
            return ready
        finally:
            self._ready.clear()
            _kill(process)
            await process.wait()

    async def _wait_until_ready(self, process: Process) -> bool:
        assert process.stdout is not None
        effort, hears = Effort(process.pid), asyncio.ensure_future(wire.receive(process.stdout))
        try:
            while not (await asyncio.wait([hears], timeout=limits.LOOK_AT_TIME_S))[0]:
                # On a busy machine a start may last minutes: as long as it moves, it is let be.
                if effort.look() >= limits.START_LIMIT_S:
                    raise _NoStart(f"it said nothing in {effort.spent_s:.3g} s of processor time")
                if effort.still_s >= limits.START_STILL_S:
                    raise _NoStart(f"it did nothing for {effort.still_s:.3g} s")
            said = hears.result()
        except _NoStart as why:
            said = {"failed": str(why)}
        except (asyncio.IncompleteReadError, ConnectionError, wire.TooLong, ValueError):
            said = {"failed": "it ended at once; see the log"}
        finally:
            hears.cancel()
            await asyncio.gather(hears, return_exceptions=True)
        if "failed" in said:
            log.error("the reader did not start: %s", said["failed"])
            self.state = State("engine_broken", str(said["failed"]))
            return False
        self.state = State("ready", pid=process.pid)
        self._ready.set()
        return True


def child_environment(settings: Settings, cache_dir: str) -> dict[str, str]:
    """The reader's variables: no look-ups of models anywhere, one thread, caches out of the way."""
    return {
        **os.environ,
        "OCR_ENGINE": settings.engine,
        "OCR_MODEL": settings.model,
        "OCR_MODELS_DIR": str(settings.models_dir),
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        "PADDLE_PDX_CACHE_HOME": cache_dir,
        "MODELSCOPE_CACHE": cache_dir,
        "HF_HOME": cache_dir,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MPLCONFIGDIR": cache_dir,
        "TMPDIR": cache_dir,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
