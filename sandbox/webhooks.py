"""Webhooks: signed events to each subscribed URL, tried again from memory as WAHA does."""

import asyncio
import hashlib
import hmac
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from sandbox.config import WebhookSettings
from sandbox.ids import new_ulid
from sandbox.limits import WEBHOOK_ANSWER_TIMEOUT_S, WEBHOOKS_WAITING_MAX

if TYPE_CHECKING:
    from sandbox.sessions import Session

_LEFT_OUT_OF_STAR = ("state.change", "engine.event")
EVENTS_2025 = (
    "session.status",
    "message",
    "message.reaction",
    "message.any",
    "message.ack",
    "message.waiting",
    "message.revoked",
    "message.edited",
    "state.change",
    "group.join",
    "group.leave",
    "group.v2.join",
    "group.v2.leave",
    "group.v2.update",
    "group.v2.participants",
    "presence.update",
    "poll.vote",
    "poll.vote.failed",
    "chat.archive",
    "call.received",
    "call.accepted",
    "call.rejected",
    "label.upsert",
    "label.deleted",
    "label.chat.added",
    "label.chat.deleted",
    "event.response",
    "event.response.failed",
    "engine.event",
    "*",
)


def known_events(is_legacy: bool) -> tuple[str, ...]:
    """The events a server accepts; an unknown one is a 400."""
    if is_legacy:
        return EVENTS_2025
    at = EVENTS_2025.index("message.waiting")
    return (*EVENTS_2025[:at], "message.ack.group", *EVENTS_2025[at:])


@dataclass(slots=True)
class Target:
    """One configured webhook."""

    url: str
    events: frozenset[str]
    key: bytes | None
    policy: str
    delay_s: float
    attempts: int
    headers: dict[str, str]

    def wants(self, event: str) -> bool:
        if event in self.events:
            return True
        return "*" in self.events and event not in _LEFT_OUT_OF_STAR


@dataclass(slots=True)
class Delivery:
    """One event on its way to one URL; the same bytes and headers on every try."""

    target: Target
    body: bytes
    headers: dict[str, str]
    tries: int = 0


@dataclass(slots=True)
class Lane:
    """What waits for one URL. Requests of a lane run side by side, so order is not kept."""

    waiting: deque[Delivery] = field(default_factory=deque)
    running: int = 0


def parse_target(raw: dict[str, Any]) -> Target:
    retries = raw.get("retries") or {}
    key = (raw.get("hmac") or {}).get("key")
    delay = retries.get("delaySeconds")
    attempts = retries.get("attempts")
    return Target(
        url=raw["url"],
        events=frozenset(raw.get("events") or ()),
        key=key.encode() if key else None,
        policy=retries.get("policy") or "constant",
        delay_s=2.0 if delay is None else float(delay),
        attempts=15 if attempts is None else int(attempts),
        headers={one["name"]: one["value"] for one in raw.get("customHeaders") or ()},
    )


def retry_delay_s(target: Target, tries: int, rng: random.Random) -> float:
    """How long WAHA waits after the `tries`-th try (from 1) has failed."""
    if target.policy == "linear":
        return tries * target.delay_s
    if target.policy == "exponential":
        return float(2**tries * target.delay_s * (1 + 0.2 * rng.random()))
    return target.delay_s


class Dispatcher:
    """Sends events; everything that waits is lost on a restart, as with WAHA."""

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        user_agent: str,
        time_scale: float,
        seed: int,
        global_webhook: dict[str, Any] | None,
    ) -> None:
        self.settings = settings
        self.counts: dict[str, int] = dict.fromkeys(
            ("events", "sent", "failed_tries", "retried", "given_up", "dropped", "lost_on_restart"),
            0,
        )
        self._agent = user_agent
        self._scale = time_scale
        self._rng = random.Random(seed)
        self._global = parse_target(global_webhook) if global_webhook else None
        self._lanes: dict[str, Lane] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None

    def targets(self, session: "Session") -> list[Target]:
        """The session's webhooks and the server's own; the latter doubles an equal URL."""
        cached: list[Target] | None = session.webhook_cache
        if cached is None:
            cached = [parse_target(raw) for raw in session.config.get("webhooks") or ()]
            session.webhook_cache = cached
        return [*cached, self._global] if self._global else cached

    def wants(self, session: "Session", event: str) -> bool:
        """Whether anybody would get this event; saves building it."""
        if not self.settings.enabled:
            return False
        return any(target.wants(event) for target in self.targets(session))

    def emit(self, session: "Session", event: str, envelope: dict[str, Any]) -> None:
        """Queue an envelope (without id and timestamp yet) to every URL that wants it."""
        now_ms = int(time.time() * 1000)
        body = orjson.dumps(
            {"id": f"evt_{new_ulid().lower()}", "timestamp": now_ms, "event": event, **envelope}
        )
        for target in self.targets(session):
            if target.wants(event):
                self.counts["events"] += 1
                headers = {
                    "X-Webhook-Request-Id": new_ulid(),
                    "X-Webhook-Timestamp": str(now_ms),
                    **target.headers,
                }
                if target.key is not None:
                    digest = hmac.digest(target.key, body, hashlib.sha512).hex()
                    headers["X-Webhook-Hmac"] = digest
                    headers["X-Webhook-Hmac-Algorithm"] = "sha512"
                self._admit(Delivery(target, body, headers))

    def _admit(self, delivery: Delivery) -> None:
        settings = self.settings
        if settings.drop_share and self._rng.random() < settings.drop_share:
            self.counts["dropped"] += 1
            return
        copies = 1
        if settings.duplicate_share and self._rng.random() < settings.duplicate_share:
            copies = 2
        for _ in range(copies):
            if settings.shuffle_ms:
                self._later(self._rng.random() * settings.shuffle_ms / 1000, delivery)
            else:
                self._put(delivery)

    def _later(self, delay_s: float, delivery: Delivery) -> None:
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._timers.discard(handle)
            self._put(delivery)

        handle = loop.call_later(delay_s, ring)
        self._timers.add(handle)

    def _put(self, delivery: Delivery) -> None:
        lane = self._lanes.setdefault(delivery.target.url, Lane())
        if len(lane.waiting) >= WEBHOOKS_WAITING_MAX:
            self.counts["dropped"] += 1
            return
        lane.waiting.append(delivery)
        if lane.running < self.settings.concurrency:
            lane.running += 1
            task = asyncio.get_running_loop().create_task(self._run(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: Lane) -> None:
        try:
            while lane.waiting:
                await self._try(lane.waiting.popleft())
        finally:
            lane.running -= 1

    async def _try(self, delivery: Delivery) -> None:
        delivery.tries += 1
        wait_s = 0.0
        try:
            async with self._session().post(
                delivery.target.url, data=delivery.body, headers=delivery.headers
            ) as answer:
                await answer.read()
                if 200 <= answer.status < 300:
                    self.counts["sent"] += 1
                    return
                wait_s = _retry_after_s(answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError):
            wait_s = 0.0
        self.counts["failed_tries"] += 1
        if delivery.tries > delivery.target.attempts:
            self.counts["given_up"] += 1
            return
        self.counts["retried"] += 1
        own_s = retry_delay_s(delivery.target, delivery.tries, self._rng) * self._scale
        self._later(max(own_s, wait_s), delivery)

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=WEBHOOK_ANSWER_TIMEOUT_S, sock_connect=10.0),
                headers={
                    "Accept": "application/json, text/plain, */*",
                    "Content-Type": "application/json",
                    "User-Agent": self._agent,
                },
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._client

    @property
    def waiting(self) -> int:
        """Events that are queued or wait for another try."""
        return sum(len(lane.waiting) for lane in self._lanes.values()) + len(self._timers)

    @property
    def busy(self) -> int:
        return len(self._tasks)

    async def restart(self) -> None:
        """Forget everything that waits, requests on their way included."""
        lost = self.waiting
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
        for lane in self._lanes.values():
            lane.waiting.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        self.counts["lost_on_restart"] += lost

    async def close(self) -> None:
        await self.restart()
        if self._client is not None:
            await self._client.close()
            self._client = None


def _retry_after_s(value: str | None) -> float:
    try:
        return max(0.0, float(value)) if value else 0.0
    except ValueError:
        return 0.0
