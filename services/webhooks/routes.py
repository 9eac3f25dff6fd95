"""/webhooks/waha: takes WAHA's events, stores them, and says 200. Nothing else happens here.

A hot path: a Starlette route, and one transaction for all deliveries that wait at the same time.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from services.integrations.waha.webhooks import verify_hmac
from services.kit.db import Database
from services.kit.doorbell import Doorbell
from services.kit.secrets import SealBroken, Sealer
from services.webhooks import repository
from services.webhooks.repository import NewEvent

BODY_BYTES_MOST = 1024 * 1024
BATCH_MOST = 500
WAITING_MOST = 5_000
DEVICES_KEPT = 2_000
DEVICE_KEPT_S = 5.0
"""How long a deleted device's webhooks may still be taken."""
EVENT_ID_CHARS, TYPE_CHARS = 80, 40
TAKE_EVENTS = "runtime.take_events"
RETRY_AFTER_S = "5"

log = structlog.get_logger("services.webhooks")
RECEIVED = Counter("alir_webhooks_total", "WAHA deliveries, by answer.", ["status"])


@dataclass(frozen=True, slots=True)
class Sender:
    """The device behind a webhook address, and the key its deliveries are signed with."""

    device_id: int
    tenant_id: int
    secret: bytes


class Senders:
    """Devices by webhook key, kept for a moment."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._kept: OrderedDict[str, tuple[float, Sender | None]] = OrderedDict()

    async def find(self, key: str) -> Sender | None:
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
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
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="webhooks")

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
        while self._draining is not None and not self._draining.done():
            await self._draining

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
                await loop.run_in_executor(self._writer, self._doorbell.ring, TAKE_EVENTS)

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


@dataclass(slots=True)
class Desk:
    """What the route keeps between requests."""

    senders: Senders
    batcher: Batcher


async def receive(request: Request) -> Response:
    """Store one delivery: 200 once it is committed, and for a repeated one.

    401 wrong signature, 404 no such device, 413 too large, 400 no JSON, 503 not stored: WAHA
    delivers anything but 2xx again.
    """
    answer = await _receive(request)
    RECEIVED.labels(str(answer.status_code)).inc()
    return answer


async def _receive(request: Request) -> Response:
    state = request.app.state
    desk = _desk(state)
    try:
        raw = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if raw is None:
        return Response(status_code=413)
    try:
        sender = await desk.senders.find(request.path_params["device_key"])
    except (SQLAlchemyError, SealBroken) as error:
        log.error("webhook_device_unreadable", kind=type(error).__name__)
        return Response(status_code=503, headers={"Retry-After": RETRY_AFTER_S})
    if sender is None:
        return Response(status_code=404)
    if not verify_hmac(raw, request.headers.get("X-Webhook-Hmac"), sender.secret):
        return Response(status_code=401)
    event = _event(raw, sender, request.headers.get("X-Webhook-Request-Id"), state.clock.now())
    if event is None:
        return Response(status_code=400)
    if not await desk.batcher.store(event):
        return Response(status_code=503, headers={"Retry-After": RETRY_AFTER_S})
    return Response(status_code=200)


def _desk(state: Any) -> Desk:
    desk = getattr(state, "webhook_desk", None)
    if desk is None:
        desk = Desk(Senders(state.database, state.sealer), Batcher(state.database, state.doorbell))
        state.webhook_desk = desk
    found: Desk = desk
    return found


async def _body(request: Request) -> bytes | None:
    """The raw bytes, or None when there are too many of them."""
    announced = request.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdecimal() and int(announced) > BODY_BYTES_MOST:
        return None
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MOST:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _event(raw: bytes, sender: Sender, request_id: str | None, now: datetime) -> NewEvent | None:
    """The row of a delivery; None when it is no event at all."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    event_id, kind = body.get("id") or request_id, body.get("event")
    if not isinstance(event_id, str) or not isinstance(kind, str):
        return None
    return NewEvent(
        tenant_id=sender.tenant_id,
        device_id=sender.device_id,
        event_id=event_id[:EVENT_ID_CHARS],
        type=kind[:TYPE_CHARS],
        raw=raw,
        received_at=now,
    )


hot_routes = [Route("/webhooks/waha/{device_key}", receive, methods=["POST"])]
