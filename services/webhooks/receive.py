"""Taking a delivery: whose it is, what it is, and one transaction for all that wait at once."""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog

from services.integrations.waha.inbound import chat_key, read_event
from services.kit.db import Database
from services.kit.doorbell import Doorbell
from services.kit.secrets import Sealer
from services.webhooks import repository
from services.webhooks.repository import NewEvent

BATCH_MOST = 500
WAITING_MOST = 5_000
DEVICES_KEPT = 2_000
DEVICE_KEPT_S = 5.0
"""How long a deleted device's webhooks may still be taken."""
EVENT_ID_CHARS, TYPE_CHARS = 80, 40
TAKE_EVENTS = "runtime.take_events"

log = structlog.get_logger("services.webhooks")

_HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


@dataclass(frozen=True, slots=True)
class Sender:
    """The device behind a webhook address, and the key its deliveries are signed with."""

    device_id: int
    tenant_id: int
    secret: bytes


class Senders:
    """Devices by webhook key, kept for a moment; a key that many ask for at once is read once."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._kept: OrderedDict[str, tuple[float, Sender | None]] = OrderedDict()
        self._reading: dict[str, asyncio.Task[Sender | None]] = {}

    def known(self, key: str) -> tuple[Sender | None] | None:
        """The device in a tuple, if it is known whether there is one; without a look anywhere."""
        kept = self._kept.get(key)
        return (kept[1],) if kept is not None and kept[0] > time.monotonic() else None

    async def find(self, key: str) -> Sender | None:
        known = self.known(key)
        if known is not None:
            return known[0]
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._find(key))
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        # One caller that goes away must not take the answer from the others.
        return await asyncio.shield(reading)

    async def _find(self, key: str) -> Sender | None:
        found = await asyncio.to_thread(self._read, key)
        self._kept[key] = (time.monotonic() + DEVICE_KEPT_S, found)
        self._kept.move_to_end(key)
        if len(self._kept) > DEVICES_KEPT:
            self._kept.popitem(last=False)
        return found

    def _read(self, key: str) -> Sender | None:
        with self._database.read() as connection:
            row = repository.device_by_key(connection, key)
        if row is None:
            return None
        secret = self._sealer.open(row.webhook_secret_sealed).encode()
        return Sender(row.id, row.tenant_id, secret)


class Batcher:
    """Writes what waits in one transaction; each caller goes on after the commit of its row."""

    def __init__(self, database: Database, doorbell: Doorbell) -> None:
        self._database = database
        self._doorbell = doorbell
        self._waiting: list[tuple[NewEvent, asyncio.Future[bool]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._ringing: asyncio.Task[None] | None = None
        self._ring_due = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="webhooks")
        self._ringer = ThreadPoolExecutor(1, thread_name_prefix="webhooks-bell")

    async def store(self, event: NewEvent) -> bool:
        """Whether the event is in the database for good."""
        if len(self._waiting) >= WAITING_MOST:
            return False
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, stored))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await stored

    async def idle(self) -> None:
        """Return once everything that came is written and the workers are rung."""
        for task in (self._draining, self._ringing):
            if task is not None:
                await task

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MOST], self._waiting[BATCH_MOST:]
            events = [event for event, _ in batch]
            stored = await loop.run_in_executor(self._writer, self._write, events)
            for (_, told), is_stored in zip(batch, stored, strict=True):
                if not told.done():
                    told.set_result(is_stored)
            if any(stored):
                self._ring()

    def _ring(self) -> None:
        """After the commit, and beside the next one: a slow broker must not hold up deliveries."""
        self._ring_due = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring_while_due())

    async def _ring_while_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._ring_due:
            self._ring_due = False
            await loop.run_in_executor(self._ringer, self._doorbell.ring, TAKE_EVENTS)

    def _write(self, events: Sequence[NewEvent]) -> list[bool]:
        try:
            with self._database.write() as connection:
                repository.add_events(connection, events)
        except Exception as error:
            log.warning("webhook_batch_failed", kind=type(error).__name__, events=len(events))
            return [self._write_one(event) for event in events]
        return [True] * len(events)

    def _write_one(self, event: NewEvent) -> bool:
        try:
            with self._database.write() as connection:
                repository.add_events(connection, [event])
        except Exception as error:
            # Whatever it was, the answer is 503 and WAHA delivers it again.
            log.error("webhook_not_stored", kind=type(error).__name__, device=event.device_id)
            return False
        return True


def event_of(raw: bytes, sender: Sender, request_id: str | None, now: datetime) -> NewEvent | None:
    """The row of a delivery; None when it is no event at all: no JSON, no object, no name."""
    body, raw = _parsed(raw)
    if body is None:
        return None
    event_id, kind = body.get("id") or request_id, body.get("event")
    if not isinstance(event_id, str) or not isinstance(kind, str) or not kind:
        return None
    if len(event_id) > EVENT_ID_CHARS:
        event_id = hashlib.sha256(event_id.encode()).hexdigest()
    is_message = kind in ("message", "message.any")
    return NewEvent(
        tenant_id=sender.tenant_id,
        device_id=sender.device_id,
        event_id=event_id,
        type=kind[:TYPE_CHARS],
        raw=raw,
        received_at=now,
        chat_key=chat_key(read_event(body, now)) if is_message else None,
    )


def _parsed(raw: bytes) -> tuple[Mapping[str, Any] | None, bytes]:
    """The object and the bytes to store; orjson itself bounds how deep it may be."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        # JavaScript writes half an emoji (a text that was cut) as an escape that stands alone.
        # No JSON reader of ours takes that, and WAHA would give the message up after some tries.
        raw, mended = _HALF_A_PAIR.subn(rb"\\ufffd", raw)
        if not mended:
            return None, raw
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None, raw
    return (body if isinstance(body, dict) else None), raw
