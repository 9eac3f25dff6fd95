"""W1: a customer's message becomes an answer, with the real API and a real worker process.

A signed webhook -> skip own and group messages -> blacklist of 1,000 -> 100 keyword rules (half
match, the others get a fallback) -> spintax and fields -> POST /api/sendText to a mock that counts.
1, 10 and 50 messages in flight; 90 % of them need a reply; every customer writes once. With
`--kill` the API and the workers are killed in the middle, while the generator goes on as WAHA does.
The generator and the mock are one process, beside what they measure. Prints JSON.
"""

import argparse
import asyncio
import hashlib
import hmac
import itertools
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop
from sqlalchemy import insert, select, update

from bench import bare_mock, shop
from bench.measure import cpu_s, first_line, machine, pss_mb, spread
from bench.webhooks import SECRET, Caller
from flows.models import Flow, FlowVersion, Trigger
from flows.yaml_text import load
from runtime import compose
from runtime.claims import runs as flow_runs
from runtime.migrate import migrate
from services.blacklist.models import Blacklisted
from services.chats.models import ChatSession
from services.contacts.models import Contact, ContactIdentity
from services.devices.models import Device, DeviceLane
from services.kit.config import Settings
from services.messages.models import OutboundMessage
from tests.support import mariadb, valkey

DEVICES = 60
BLOCKED = 1000
RULES = 100
IN_FLIGHT = (1, 10, 50)
READY = "Uvicorn running"
PATIENCE_S = 90.0
KILL_SCALE = 60.0
"""The clock of a run with deaths: what was in flight is looked up after the settle time."""


def flow_text() -> str:
    """100 rules: contained words, whole messages and patterns, in three nodes."""
    words = ", ".join(f"produk{number}" for number in range(60))
    whole = ", ".join(f'"kode {number}"' for number in range(20))
    patterns = ", ".join(f'"pesan(an)? +no *{number}[.]"' for number in range(20))
    return f"""
flow: alir/1
kind: inbound
id: bench_replies
name: Balasan
triggers:
  masuk: {{type: message, debounce: {{quiet: 0s}}, next: blokir}}
nodes:
  blokir:
    type: blacklist-check
    with: {{phone: {{$: trigger.chat_id}}}}
    next: {{clear: isi}}
  isi:
    type: keyword-match
    with: {{text: {{$: trigger.text}}, how: contains, keywords: [{words}]}}
    next: {{matched: susun, unmatched: persis}}
  persis:
    type: keyword-match
    with: {{text: {{$: trigger.text}}, how: exact, keywords: [{whole}]}}
    next: {{matched: susun, unmatched: pola}}
  pola:
    type: keyword-match
    with: {{text: {{$: trigger.text}}, how: regex, keywords: [{patterns}]}}
    next: {{matched: susun, unmatched: lain}}
  susun:
    type: spintax
    with:
      text: >-
        {{Halo|Hai|{{Selamat|Met}} datang}} {{Kak|Sis}} [nama|pelanggan],
        {{ada|tersedia}} di [toko].
    next: {{ok: kirim}}
  lain:
    type: spintax
    with:
      text: "{{Maaf|Mohon maaf}} [nama|Kak], {{kami cek dulu|sebentar ya}}."
    next: {{ok: kirim_lain}}
  kirim:
    type: send-waha
    with:
      device: {{$: trigger.device}}
      to: {{$: trigger.chat_id}}
      text: {{$: steps.susun.text}}
  kirim_lain:
    type: send-waha
    with:
      device: {{$: trigger.device}}
      to: {{$: trigger.chat_id}}
      text: {{$: steps.lain.text}}
"""


class Ledger(bare_mock.Ledger):
    """The mock's counts, and who waits for an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.by_chat: Counter[str] = Counter()
        self.waiting: dict[str, asyncio.Future[float]] = {}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if method == "POST" and path == "/api/sendText":
            chat = orjson.loads(body)["chatId"]
            self.by_chat[chat] += 1
            told = self.waiting.pop(chat, None)
            if told is not None and not told.done():
                told.set_result(time.perf_counter())
        elif "/messages/" in path:
            bare = path.split("?")[0].rsplit("/", 1)[-1].split("_")[-1]
            if bare in self.sent:
                return 200, {"id": f"true_6281@c.us_{bare}", "fromMe": True, "timestamp": 1}
            return 404, {"message": "not found"}
        return super().answer(method, path, body)


@dataclass(slots=True)
class Message:
    """One delivery and whom it answers to; `chat` is None where no reply may come."""

    request: bytes
    chat: str | None


@dataclass(slots=True)
class Load:
    """What the generator saw."""

    took_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    answered: int = 0
    retries: int = 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=4000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--in-flight", type=int, nargs="*", default=list(IN_FLIGHT))
    options.add_argument("--strangers", action="store_true", help="nobody has written before")
    options.add_argument("--database", choices=("sqlite", "mariadb"), default="sqlite")
    options.add_argument("--kill", action="store_true")
    given = options.parse_args()
    found: dict[str, Any] = {
        "what": f"replies to {'strangers' if given.strangers else 'known customers'}, "
        f"{given.workers} worker, {given.database}",
    }
    for in_flight in given.in_flight:
        count = given.messages if in_flight > 1 else max(given.messages // 10, 100)
        ones = [
            run(
                count,
                in_flight,
                given.workers,
                given.database,
                strangers=given.strangers,
                kill=given.kill,
            )
            for _ in range(given.runs)
        ]
        for name in ones[0]:
            found[f"{name}_at_{in_flight}"] = spread([one[name] for one in ones], 2)
    print(json.dumps({**found, **machine()}))


def run(
    count: int, in_flight: int, workers: int, database: str, *, strangers: bool, kill: bool
) -> dict[str, float]:
    """One load on fresh rows with fresh processes."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = ""
        if database == "mariadb":
            server = stack.enter_context(mariadb.running())
            url = server.url(stack.enter_context(server.database()))
        port, mock_port = _free_port(), _free_port()
        env = {
            "ALIR_VAR": str(folder),
            "ALIR_PORT": str(port),
            "ALIR_REDIS_URL": stack.enter_context(valkey.running()),
            "ALIR_DATABASE_URL": url,
            "ALIR_MIN_ANY_GAP_S": "0",
            **({"ALIR_TIME_SCALE": str(KILL_SCALE)} if kill else {}),
        }
        os.environ.update(env)
        os.environ.setdefault("ALIR_TIME_SCALE", "1")
        app = compose.build(Settings())
        stack.callback(app.database.close)
        migrate(app.database)
        names = [f"dev{number}" for number in range(DEVICES)]
        shop.fill(app, f"http://127.0.0.1:{mock_port}", "bench", 0, names)
        _fill(app, count, strangers=strangers)
        processes = Processes(folder, env, workers)
        stack.callback(processes.stop)
        return uvloop.run(_measure(app, processes, port, mock_port, count, in_flight, kill=kill))


class Processes:
    """The API and the workers; may be killed and started again."""

    def __init__(self, folder: Path, env: dict[str, str], workers: int) -> None:
        self._folder, self._env, self._workers = folder, env, workers
        self._running: list[subprocess.Popen[bytes]] = []
        self._starts = itertools.count(1)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._running]

    def start(self) -> None:
        number = next(self._starts)
        log = self._folder / f"api{number}.log"
        api = self._start(["-m", "runtime.processes.api"], log)
        for worker in range(self._workers):
            self._start(_worker(worker), self._folder / f"worker{worker}-{number}.log")
        first_line(api, log, READY)

    def _start(self, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
        env = {**os.environ, "PYTHONPATH": str(Path.cwd()), **self._env}
        with log.open("wb") as target:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=target,
                stderr=target,
                stdin=subprocess.DEVNULL,
                env=env,
            )
        self._running.append(process)
        return process

    def stop(self) -> None:
        """Kill them all, as a power cut would."""
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()
        self._running = []


async def _measure(
    app: compose.App,
    processes: Processes,
    port: int,
    mock_port: int,
    count: int,
    in_flight: int,
    *,
    kill: bool,
) -> dict[str, float]:
    ledger = Ledger()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: bare_mock.Connection(ledger), "127.0.0.1", mock_port)
    async with server:
        await asyncio.to_thread(processes.start)
        warm = [_message(number, "warm") for number in range(DEVICES * 2)]
        await _generate(port, ledger, warm, 10)
        await asyncio.sleep(1.0)
        messages = [_message(number, "load") for number in range(count)]
        cpu_before = cpu_s(processes.pids)
        work = asyncio.create_task(_generate(port, ledger, messages, in_flight))
        if kill:
            while len(ledger.by_chat) < count * 0.4 and not work.done():
                await asyncio.sleep(0.02)
            await asyncio.to_thread(processes.stop)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(processes.start)
            cpu_before = 0.0
        load = await work
        cpu = cpu_s(processes.pids) - cpu_before
        pss = pss_mb(processes.pids)
        await asyncio.sleep(6.0 if kill else 0.5)
    wanted = {message.chat for message in messages if message.chat is not None}
    lost = sum(1 for chat in wanted if ledger.by_chat[chat] == 0)
    double = sum(1 for chat in wanted if ledger.by_chat[chat] > 1)
    stray = sum(1 for m in messages if m.chat is None) and sum(
        1 for chat in ledger.by_chat if chat not in wanted and not chat.startswith("62813")
    )
    if lost or double or stray:
        print(f"lost {lost}, double {double}, stray {stray}", _told(app), file=sys.stderr)
    ordered = sorted(load.took_s)
    return {
        "replies_per_s": load.answered / load.seconds,
        "p50_ms": statistics.median(ordered) * 1000,
        "p95_ms": ordered[int(len(ordered) * 0.95)] * 1000,
        "cpu_ms_a_message": cpu / count * 1000,
        "pss_mb": pss,
        "lost": lost,
        "double": double,
        "retries": load.retries,
    }


def _told(app: compose.App) -> dict[str, Any]:
    """What the rows say, when the counts are not right."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(OutboundMessage.status, OutboundMessage.reason, OutboundMessage.origin)
        ).all()
        states = connection.execute(select(flow_runs.c.status, flow_runs.c.reason)).all()
    return {
        "messages": Counter(tuple(row) for row in rows).most_common(),
        "runs": Counter(tuple(row) for row in states).most_common(),
    }


async def _generate(port: int, ledger: Ledger, messages: list[Message], in_flight: int) -> Load:
    load, left = Load(), iter(messages)
    began = time.perf_counter()

    async def go_on() -> None:
        caller: Caller | None = None
        loop = asyncio.get_running_loop()
        for message in left:
            answered: asyncio.Future[float] | None = None
            if message.chat is not None:
                answered = ledger.waiting[message.chat] = loop.create_future()
            start = time.perf_counter()
            while True:
                try:
                    if caller is None:
                        _, caller = await loop.create_connection(Caller, "127.0.0.1", port)
                    if await asyncio.wait_for(caller.call(message.request), 10) == 200:
                        break
                except (OSError, TimeoutError, RuntimeError):  # hung up, or about to
                    caller = None
                load.retries += 1
                await asyncio.sleep(0.2)
            if answered is not None:
                try:
                    done = await asyncio.wait_for(answered, PATIENCE_S)
                except TimeoutError:
                    continue
                load.took_s.append(done - start)
                load.answered += 1

    await asyncio.gather(*(go_on() for _ in range(in_flight)))
    load.seconds = time.perf_counter() - began
    return load


def _message(number: int, name: str) -> Message:
    """Of ten messages one is our own or of a group; half of the others hold a keyword."""
    phone = _phone(number, name)
    kind = number % 20
    is_group, is_own = kind == 3, kind == 13
    texts = (f"ada produk{number % 60} kak?", f"kode {number % 20}", f"pesan no {number % 20}.")
    text = texts[number % 3] if number % 2 else f"selamat siang, nomor {number} masih ada?"
    bare = f"3EB0{name}{number:014d}"
    inner = f"{phone}@s.whatsapp.net"
    chat = "120363000000000000@g.us" if is_group else f"{phone}@c.us"
    payload = {
        "id": f"{'true' if is_own else 'false'}_{chat}_{bare}",
        "timestamp": int(time.time()),
        "from": chat,
        "fromMe": is_own,
        "source": "api" if is_own else "app",
        "to": None,
        "participant": None,
        "body": text,
        "hasMedia": False,
        "media": None,
        "ack": 2,
        "ackName": "DEVICE",
        "vCards": [],
        "replyTo": None,
        "_data": {
            "Info": {"Chat": inner, "Sender": inner, "IsFromMe": is_own, "PushName": "Budi"},
            "Message": {"conversation": text},
        },
    }
    body = orjson.dumps(
        {
            "id": f"evt_{name}{number:020d}",
            "timestamp": int(time.time() * 1000),
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
        "Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Webhook-Request-Id: {name}{number}\r\nX-Webhook-Hmac: {signature}\r\n"
        f"X-Webhook-Hmac-Algorithm: sha512\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Message(head.encode() + body, None if is_group or is_own else f"{phone}@c.us")


def _phone(number: int, name: str) -> str:
    return f"{'62813' if name == 'warm' else '62812'}{number:08d}"


def _fill(app: compose.App, count: int, *, strangers: bool) -> None:
    """The flow, the blacklist, and (unless strangers write) customers who wrote before."""
    now = app.clock.now()
    source = flow_text()
    row = {"tenant_id": 1, "created_at": now}
    with app.database.write() as connection:
        connection.execute(update(Device).values(webhook_secret_sealed=app.sealer.seal(SECRET)))
        connection.execute(update(DeviceLane).values(due_at=None))
        connection.execute(
            insert(Flow),
            {
                **row,
                "id": 2,
                "slug": "bench-replies",
                "name": "Balasan",
                "kind": "inbound",
                "source": source,
                "revision": 1,
                "published_version_id": 2,
                "is_active": True,
                "updated_at": now,
            },
        )
        connection.execute(
            insert(FlowVersion),
            {
                **row,
                "id": 2,
                "flow_id": 2,
                "number": 1,
                "content_hash": "bench-replies",
                "source": source,
                "document": load(source).document,
                "params": {},
            },
        )
        connection.execute(
            insert(Trigger),
            {
                **row,
                "flow_id": 2,
                "flow_version_id": 2,
                "name": "masuk",
                "type": "message",
                "params": {},
                "position": 0,
                "is_active": True,
                "updated_at": now,
            },
        )
        connection.execute(
            insert(Blacklisted),
            [
                {**row, "phone": f"62899{number:08d}", "reason": "MANUAL"}
                for number in range(BLOCKED)
            ],
        )
    if strangers:
        return
    for start in range(0, count, shop.CHUNK):
        numbers = range(start, min(start + shop.CHUNK, count))
        with app.database.write() as connection:
            _customers(connection, numbers, row, now)


def _customers(connection: Any, numbers: range, row: dict[str, Any], now: Any) -> None:
    ids = [number + 1 for number in numbers]
    connection.execute(
        insert(Contact),
        [
            {
                **row,
                "id": number,
                "phone": _phone(number - 1, "load"),
                "name": f"Budi {number}",
                "fields": {},
                "is_active": True,
                "is_saved": True,
                "updated_at": now,
            }
            for number in ids
        ],
    )
    connection.execute(
        insert(ContactIdentity),
        [
            {
                **row,
                "contact_id": number,
                "kind": "phone",
                "value": _phone(number - 1, "load"),
            }
            for number in ids
        ],
    )
    connection.execute(
        insert(ChatSession),
        [
            {
                **row,
                "device_id": (number - 1) % DEVICES + 1,
                "contact_id": number,
                "phone": _phone(number - 1, "load"),
                "mode": "BOT",
                "unread": 0,
                "memory": {},
                "updated_at": now,
            }
            for number in ids
        ],
    )


def _worker(number: int) -> list[str]:
    return [
        *("-m", "celery", "-A", "runtime.worker", "worker", "--pool", "threads"),
        *("--concurrency", "2", "-Q", "webhook,broadcast,control", "-n", f"bench{number}@local"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    ]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
