"""10 customers a second write and are answered, with or without images that wait to be read.

The flow, the customers and the signed webhooks are those of `bench.replies`; here they come at
their time, whatever became of those before.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench import bare_mock, replies, shop
from bench.broadcast import _wait_ready
from bench.measure import child
from bench.ocr_images import let_wait, read_so_far, reader, slow_worker
from bench.webhooks import Caller
from runtime import compose
from runtime.migrate import migrate
from services.kit.config import Settings
from tests.support import valkey

PER_S = 10.0
PATIENCE_S = 30.0
DEVICES = replies.DEVICES


@dataclass(frozen=True, slots=True)
class Figures:
    """`took_ms`: from when a message was due at our door to its answer at the engine's."""

    replies_per_s: float
    took_ms: Sequence[float]
    images_read: int


def run(count: int, images: int) -> Figures:
    """One load on fresh rows with fresh processes; raises when an answer is lost or comes twice."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        port, mock_port = replies._free_port(), replies._free_port()
        env = {
            "ALIR_VAR": str(folder),
            "ALIR_PORT": str(port),
            "ALIR_REDIS_URL": stack.enter_context(valkey.running()),
            "ALIR_DATABASE_URL": "",
            "ALIR_MIN_ANY_GAP_S": "0",
            "ALIR_OCR_URL": stack.enter_context(reader(folder)),
        }
        os.environ.update(env)
        app = compose.build(Settings())
        stack.callback(app.database.close)
        migrate(app.database)
        names = [f"dev{number}" for number in range(DEVICES)]
        shop.fill(app, f"http://127.0.0.1:{mock_port}", "bench", 0, names)
        replies._fill(app, count, strangers=False)
        processes = replies.Processes(folder, env, 1)
        stack.callback(processes.stop)

        def start() -> None:
            processes.start()
            slow = stack.enter_context(child(slow_worker(), folder / "slow.log", env))
            _wait_ready([*processes.pids, slow.pid])

        found = uvloop.run(_measure(app, start, port, mock_port, count, images))
        if images and found.images_read == images:
            raise RuntimeError("all images were read before the last answer: give it more")
        return found


async def _measure(
    app: compose.App,
    start: Callable[[], None],
    port: int,
    mock_port: int,
    count: int,
    images: int,
) -> Figures:
    ledger = replies.Ledger()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: bare_mock.Connection(ledger), "127.0.0.1", mock_port)
    async with server:
        await asyncio.to_thread(start)
        warm = [replies._message(number, "warm") for number in range(DEVICES)]
        await replies._generate(port, ledger, warm, 4)
        await asyncio.to_thread(let_wait, app, images)
        before = read_so_far(app)
        began, told = time.perf_counter(), []
        for number in range(count):
            due = began + number / PER_S
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            message = replies._message(number, "load")
            told.append(asyncio.create_task(_answered(port, ledger, message, due)))
        took_s = [one for one in await asyncio.gather(*told) if one is not None]
        seconds = time.perf_counter() - began
        images_read = read_so_far(app) - before
        await asyncio.sleep(0.5)
    twice = [chat for chat, times in ledger.by_chat.items() if times > 1]
    if twice:
        raise AssertionError(f"{len(twice)} customers were answered twice")
    return Figures(len(took_s) / seconds, [one * 1000 for one in took_s], images_read)


async def _answered(
    port: int, ledger: replies.Ledger, message: replies.Message, due: float
) -> float | None:
    """Seconds to its answer; None where none may come. Raises: TimeoutError when it is lost."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[float] | None = None
    if message.chat is not None:
        answered = ledger.waiting[message.chat] = loop.create_future()
    transport, caller = await loop.create_connection(Caller, "127.0.0.1", port)
    try:
        status = await caller.call(message.request)
    finally:
        transport.close()
    if status != 200:
        raise AssertionError(f"a webhook was answered with {status}")
    if answered is None:
        return None
    return await asyncio.wait_for(answered, PATIENCE_S) - due
