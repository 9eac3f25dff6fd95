"""Webhooks: how many signed deliveries a second one API process takes, and how fast it answers.

(a) As many as it can, over 256 connections: HMAC, parsing and one durable row each, 200 only after
the commit. (b) 500 a second with worker processes that deal with them: the time to the answer.
Every 200 is counted against the rows. The generator is this process; it shares the machine with
what it measures, so the processor time the API spent on a delivery is told as well. Prints JSON.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
import uvloop
from sqlalchemy import func, select, update

from bench import shop
from bench.measure import child, cpu_s, first_line, machine, spread
from runtime import compose
from runtime.migrate import migrate
from services.devices.models import Device
from services.kit.config import Settings
from services.webhooks.models import WebhookEvent
from tests.support import valkey

FULL_CONNECTIONS = 256
"""WAHA opens one for each event that waits; fewer would wait for each other's commits."""
STEADY_CONNECTIONS = 64
DEVICES = 10
SECRET = "hook-secret"
STEADY_PER_S = 500
WORKERS = 2
CHATS = 500
PATIENCE_S = 60.0
READY = "Uvicorn running"
events = WebhookEvent.__table__


@dataclass(slots=True)
class Load:
    """What the generator saw."""

    answers: dict[int, int] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    seconds: float = 0.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deliveries", type=int, default=30_000)
    options.add_argument("--steady-s", type=float, default=10.0)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    print(json.dumps(report(given.deliveries, given.steady_s, given.runs)))


def report(deliveries: int, steady_s: float, runs: int) -> dict[str, Any]:
    """Medians of some runs; raises when an answered delivery has no row, or one has two."""
    full = [run(deliveries, workers=0, per_s=None) for _ in range(runs)]
    steady = [
        run(int(STEADY_PER_S * steady_s), workers=WORKERS, per_s=STEADY_PER_S) for _ in range(runs)
    ]
    return {
        "what": f"signed webhooks on one API process, {FULL_CONNECTIONS} connections, SQLite",
        "accepted_per_s": spread([one["per_s"] for one in full]),
        "api_cpu_ms_a_delivery": spread([one["cpu_ms"] for one in full], 3),
        "accepted_per_s_of_api_cpu": spread([1000 / one["cpu_ms"] for one in full]),
        f"p50_ms_at_{STEADY_PER_S}_per_s": spread([one["p50_ms"] for one in steady], 2),
        f"p99_ms_at_{STEADY_PER_S}_per_s": spread([one["p99_ms"] for one in steady], 2),
        "lost": sum(one["lost"] for one in full + steady),
        **machine(),
    }


def run(deliveries: int, workers: int, per_s: float | None) -> dict[str, float]:
    """One load on fresh rows with fresh processes."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    connections = FULL_CONNECTIONS if per_s is None else STEADY_CONNECTIONS
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        port = _free_port()
        env = {
            "ALIR_VAR": str(folder),
            "ALIR_PORT": str(port),
            "ALIR_REDIS_URL": stack.enter_context(valkey.running()),
            "ALIR_DATABASE_URL": "",
        }
        os.environ.update(env)
        app = compose.build(Settings())
        stack.callback(app.database.close)
        migrate(app.database)
        _fill(app)
        pid = stack.enter_context(_api(folder, env))
        for number in range(workers):
            stack.enter_context(child(_worker(number), folder / f"worker{number}.log", env))
        uvloop.run(_generate(port, _requests(DEVICES * 20, warm=True), connections, None))
        if workers:
            time.sleep(4)  # starting is not what is measured here
        requests = _requests(deliveries)
        cpu_before = cpu_s([pid])
        load = uvloop.run(_generate(port, requests, connections, per_s))
        cpu = cpu_s([pid]) - cpu_before
        lost = _lost(app, load, deliveries)
    ordered = sorted(load.took_s)
    return {
        "per_s": deliveries / load.seconds,
        "cpu_ms": cpu / deliveries * 1000,
        "p50_ms": statistics.median(ordered) * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        "lost": lost,
    }


def _fill(app: compose.App) -> None:
    shop.fill(app, "http://127.0.0.1:9", "none", 0, [f"dev{number}" for number in range(DEVICES)])
    with app.database.write() as connection:
        connection.execute(update(Device).values(webhook_secret_sealed=app.sealer.seal(SECRET)))


@contextmanager
def _api(folder: Path, env: dict[str, str]) -> Iterator[int]:
    log = folder / "api.log"
    with child(["-m", "runtime.processes.api"], log, env) as process:
        first_line(process, log, READY)
        yield process.pid


def _worker(number: int) -> list[str]:
    return [
        *("-m", "celery", "-A", "runtime.worker", "worker", "--pool", "threads"),
        *("--concurrency", "2", "-Q", "webhook,broadcast,control", "-n", f"bench{number}@local"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    ]


def _requests(count: int, *, warm: bool = False) -> list[bytes]:
    """Whole signed requests, as WAHA (GOWS) sends them: messages of many people."""
    return [_request(number, "warm" if warm else "load") for number in range(count)]


def _request(number: int, name: str) -> bytes:
    phone = f"62812{number % CHATS:08d}"
    bare = f"3EB0{name}{number:016d}"
    at_s = int(time.time())
    inner = f"{phone}@s.whatsapp.net"
    payload = {
        "id": f"false_{phone}@c.us_{bare}",
        "timestamp": at_s,
        "from": f"{phone}@c.us",
        "fromMe": False,
        "source": "app",
        "to": None,
        "participant": None,
        "body": f"halo kak, masih ada stok nomor {number}?",
        "hasMedia": False,
        "media": None,
        "ack": 2,
        "ackName": "DEVICE",
        "vCards": [],
        "replyTo": None,
        "_data": {
            "Info": {"Chat": inner, "Sender": inner, "IsFromMe": False, "PushName": "Budi"},
            "Message": {"conversation": f"halo kak, masih ada stok nomor {number}?"},
        },
    }
    body = orjson.dumps(
        {
            "id": f"evt_{name}{number:020d}",
            "timestamp": at_s * 1000,
            "event": "message.any",
            "session": "dev",
            "metadata": {"tenant.id": "1"},
            "me": {"id": "62811000001@c.us", "pushName": "Toko"},
            "payload": payload,
            "engine": "GOWS",
            "environment": {"version": "2026.7.2", "engine": "GOWS", "tier": "PLUS"},
        }
    )
    signature = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    head = (
        f"POST /webhooks/waha/key{number % DEVICES + 1} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        "User-Agent: WAHA/2026.7.2\r\n"
        f"X-Webhook-Request-Id: {name}{number}\r\n"
        f"X-Webhook-Timestamp: {at_s * 1000}\r\n"
        f"X-Webhook-Hmac: {signature}\r\n"
        "X-Webhook-Hmac-Algorithm: sha512\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller(asyncio.Protocol):
    """One keep-alive connection: a request, its answer, the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionError("the API hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + size:
            return
        self._buffer = self._buffer[end + 4 + size :]
        assert self._answered is not None
        self._answered.set_result(int(head[9:12]))

    async def call(self, request: bytes) -> int:
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered


async def _generate(
    port: int, requests: list[bytes], connections: int, per_s: float | None
) -> Load:
    """Send them all; `per_s`: each at its time, counted from when it was due."""
    loop = asyncio.get_running_loop()
    load, left = Load(), iter(enumerate(requests))
    made = [
        (await loop.create_connection(Caller, "127.0.0.1", port))[1] for _ in range(connections)
    ]
    began = time.perf_counter()

    async def go_on(caller: Caller) -> None:
        for number, request in left:
            due = began + number / per_s if per_s else time.perf_counter()
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            status = await caller.call(request)
            load.took_s.append(time.perf_counter() - due)
            load.answers[status] = load.answers.get(status, 0) + 1

    await asyncio.gather(*(go_on(caller) for caller in made))
    load.seconds = time.perf_counter() - began
    return load


def _lost(app: compose.App, load: Load, deliveries: int) -> int:
    """Answered with 200 and not there; raises for rows that nobody was told of."""
    with app.database.read() as connection:
        rows, different = connection.execute(
            select(func.count(), func.count(func.distinct(events.c.event_id))).where(
                events.c.event_id.startswith("evt_load")
            )
        ).one()
    if set(load.answers) != {200} or rows != different or rows > deliveries:
        raise AssertionError(f"{load.answers}, {rows} rows, {different} different")
    return int(load.answers[200] - rows)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
