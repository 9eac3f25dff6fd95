"""Keeps one reader process alive and hands it one document at a time."""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ocr import limits, problems, wire
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
    """The reader ended in the middle of a document; `page` is where."""

    def __init__(self, page: int) -> None:
        super().__init__(page)
        self.page = page


@dataclass(frozen=True, slots=True)
class State:
    """What /health tells."""

    name: str
    """starting, ready, models_missing or engine_broken."""
    detail: str = ""
    pid: int | None = None


class Reader:
    """Open it with `async with`; then `read` answers documents in the order they came."""

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
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.state = State("starting")
        self.asked = 0
        """Requests that are read or wait."""

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

    async def read(
        self, content: bytes, given_up: Callable[[], Awaitable[bool]] | None = None
    ) -> dict[str, Any]:
        """The answer of `ocr.scan.scan`. A request whose asker has gone is not begun.

        Raises: Refused for a document that can't be read, a full queue, a reader that is not there.
        """
        if self.asked > self._settings.queue_max:
            raise problems.busy(self.asked - 1)
        self.asked += 1
        try:
            async with self._turn:
                if given_up is not None and await given_up():
                    raise problems.gone()
                return await self._read_in_turn(content)
        finally:
            self.asked -= 1

    async def _read_in_turn(self, content: bytes) -> dict[str, Any]:
        page = 0
        for _ in range(ATTEMPTS):
            process = await self._reader_process()
            try:
                return await self._ask(process, content)
            except ChildDied as died:
                page = died.page
                self._ready.clear()
        raise problems.crashed(_at(page))

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

    async def _ask(self, process: Process, content: bytes) -> dict[str, Any]:
        """Raises: ChildDied; Refused with what the reader says or when it takes too long."""
        assert process.stdin is not None
        assert process.stdout is not None
        page = 0
        try:
            async with asyncio.timeout(self._settings.time_limit_s):
                process.stdin.write(wire.packed(content))
                await process.stdin.drain()
                while True:
                    said = await wire.receive(process.stdout)
                    if "page" not in said:
                        break
                    page = int(said["page"])
        except (TimeoutError, asyncio.CancelledError) as ended:
            self._ready.clear()
            _kill(process)
            if isinstance(ended, asyncio.CancelledError):
                raise
            raise problems.too_slow(self._settings.time_limit_s, _at(page)) from None
        except (asyncio.IncompleteReadError, ConnectionError, wire.TooLong):
            _kill(process)
            raise ChildDied(page) from None
        if "problem" in said:
            raise Refused(Problem(**said["problem"]))
        answer: dict[str, Any] = said["answer"]
        return answer

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
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, env=dict(self._environment)
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
        try:
            async with asyncio.timeout(limits.START_LIMIT_S):
                said = await wire.receive(process.stdout)
        except TimeoutError:
            said = {"failed": f"it said nothing for {limits.START_LIMIT_S:g} s"}
        except (asyncio.IncompleteReadError, ConnectionError, wire.TooLong, ValueError):
            said = {"failed": "it ended at once; see the log"}
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


def _at(page: int) -> str:
    return f", on page {page}" if page else ""
