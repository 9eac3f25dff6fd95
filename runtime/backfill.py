"""Pulls the messages that WAHA's webhooks did not bring, and the chats from before a number joined.

What is found is stored as a delivery like any other, under an event id of its own, so that there is
one way in. Each message has its effect once, by whichever way it came first. Messages from before
the connection are history: they are shown and start nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, Row, Table, select, update

from runtime.inbound.reading import HISTORY
from services.chats import intake
from services.devices.models import Device, WahaServer
from services.integrations.waha.addresses import parse_chat_id
from services.integrations.waha.client import WahaClient
from services.integrations.waha.errors import WahaError, WahaUnreachable
from services.integrations.waha.inbound import Said, business_key, chat_key, is_private, read_event
from services.integrations.waha.types import Capabilities, Message
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.doorbell import Doorbell
from services.kit.secrets import SealBroken, Sealer
from services.messages.models import OutboundMessage
from services.webhooks.models import WebhookEvent
from services.webhooks.repository import NewEvent, add_events

devices: Table = Device.__table__  # type: ignore[assignment]
servers: Table = WahaServer.__table__  # type: ignore[assignment]
events: Table = WebhookEvent.__table__  # type: ignore[assignment]
outbound: Table = OutboundMessage.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.backfill")

BACKFILL = "backfill"
"""What the event ids of messages begin with that no webhook brought."""
TAKE_EVENTS = "runtime.take_events"
OVERLAP_S = 300.0
"""How far before the last look the next one begins: stores get messages late, too."""
GRACE_S = 15.0
"""What is younger is left to its webhook, which is on its way."""
FARTHEST = timedelta(days=7)
PAGE, PAGES_MOST = 100, 20
"""Messages in one look at one number; the next look goes on from there."""
CHATS_A_PAGE, CHAT_PAGES_MOST = 50, 4
HISTORY_CHATS, HISTORY_MESSAGES = 50, 30
"""Taken over from a number that joins: its newest chats, and the newest messages of each."""
ROWS_AT_ONCE = 200
EVENT_ID_CHARS = 80

OpenClient = Callable[[str, str], WahaClient]


@dataclass(frozen=True, slots=True)
class Found:
    """A message of a private chat as the delivery that would have told it."""

    event: Said
    body: Mapping[str, Any]
    is_history: bool

    @property
    def event_id(self) -> str:
        kind, bare_id = HISTORY if self.is_history else BACKFILL, self.event.bare_id
        named = f"{kind}:{bare_id}"
        if len(named) <= EVENT_ID_CHARS:
            return named
        return f"{kind}:{blake2b(bare_id.encode(), digest_size=16).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a number brought. `seen_until`: the next look may begin there."""

    messages: Sequence[Message]
    seen_until: datetime
    is_first: bool


class Backfill:
    """Looks at every connected number of every server. One round at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        doorbell: Doorbell,
        open_client: OpenClient,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._doorbell = doorbell
        self._open_client = open_client

    def run(self) -> int:
        """One round; returns how many messages were stored. A number that fails harms no other."""
        with self._database.read() as connection:
            rows = connection.execute(_CONNECTED).all()
        by_server: dict[int, list[Any]] = {}
        for row in rows:
            by_server.setdefault(row.server_id, []).append(row)
        stored = sum(self._look_at_server(phones) for phones in by_server.values())
        if stored:
            self._doorbell.ring(TAKE_EVENTS)
        return stored

    def _look_at_server(self, phones: Sequence[Row[Any]]) -> int:
        first, stored = phones[0], 0
        try:
            key = self._sealer.open(first.api_key_sealed) if first.api_key_sealed else ""
            with self._open_client(first.base_url, key) as client:
                can = client.capabilities()
                for phone in phones:
                    stored += self._look_at(client, can, phone)
        except (WahaError, SealBroken) as error:
            log.warning("backfill_server_away", server=first.server_id, error=str(error)[:200])
        return stored

    def _look_at(self, client: WahaClient, can: Capabilities, phone: Row[Any]) -> int:
        """Raises: WahaUnreachable, which holds for the server's other numbers as well."""
        now = self._clock.now()
        try:
            look = _look(client, can, phone, now, self._clock)
            found = list(_readable(client, phone, look, now))
        except WahaUnreachable:
            raise
        except WahaError as error:
            # No store, or not working after all: said once a minute, it is no reason to stop.
            log.info("backfill_not_possible", device=phone.id, code=error.code)
            return 0
        stored = self._store(phone, found, now)
        with self._database.write() as connection:
            values: dict[str, Any] = {"polled_at": look.seen_until}
            if look.is_first:
                values["history_at"] = now
            connection.execute(update(devices).where(devices.c.id == phone.id).values(**values))
        return stored

    def _store(self, phone: Row[Any], found: Sequence[Found], now: datetime) -> int:
        stored = missed = 0
        for chunk in _chunks(found, ROWS_AT_ONCE):
            with self._database.write() as connection:
                fresh = _unheard(connection, phone.id, chunk)
                add_events(connection, [_delivery(phone, one, now) for one in fresh])
            stored += len(fresh)
            missed += sum(not one.is_history for one in fresh)
        if missed:
            log.warning("webhooks_missed", device=phone.id, messages=missed)
        return stored


_CONNECTED = (
    select(
        devices.c.id,
        devices.c.tenant_id,
        devices.c.server_id,
        devices.c.session_name,
        devices.c.status_since,
        devices.c.paired_at,
        devices.c.history_at,
        devices.c.polled_at,
        servers.c.base_url,
        servers.c.api_key_sealed,
    )
    .join(servers, servers.c.id == devices.c.server_id)
    .where(devices.c.status == "CONNECTED", devices.c.deleted_at.is_(None))
    .order_by(devices.c.server_id, devices.c.id)
)


# --------------------------------------------------------------------------- asking WAHA


def _look(
    client: WahaClient, can: Capabilities, phone: Row[Any], now: datetime, clock: Clock
) -> Look:
    if phone.history_at is None:
        return Look(list(_newest_chats(client, phone.session_name)), now, is_first=True)
    since = max(
        (phone.polled_at or phone.history_at) - timedelta(seconds=OVERLAP_S), now - FARTHEST
    )
    since_s = int(since.timestamp())
    # A second too early is no harm, and the engines count whole ones.
    until = now - timedelta(seconds=max(clock.seconds(GRACE_S), 1.0))
    if not can.history_all:
        found = list(_of_moved_chats(client, phone.session_name, since_s))
        return Look(_older_than(found, until), now, is_first=False)
    most = PAGES_MOST * PAGE
    pulled = list(
        islice(
            client.history(phone.session_name, since_s=since_s, max_pages=PAGES_MOST),
            most,
        )
    )
    seen_until = now
    if len(pulled) == most:
        # There is more: the next look begins exactly where this one ended.
        last = datetime.fromtimestamp(pulled[-1].timestamp, UTC)
        seen_until = min(last + timedelta(seconds=OVERLAP_S), now)
    return Look(_older_than(pulled, until), seen_until, is_first=False)


def _older_than(messages: Iterable[Message], until: datetime) -> list[Message]:
    return sorted(
        (one for one in messages if one.timestamp <= until.timestamp()),
        key=lambda one: one.timestamp,
    )


def _newest_chats(client: WahaClient, session: str) -> Iterator[Message]:
    for chat in client.chats_overview(session, limit=HISTORY_CHATS):
        if _is_with_a_person(chat.chat):
            newest = client.messages(session, chat.chat, limit=HISTORY_MESSAGES)
            yield from sorted(newest, key=lambda one: one.timestamp)


def _of_moved_chats(client: WahaClient, session: str, since_s: int) -> Iterator[Message]:
    """For engines that can't be asked for all chats at once: those whose last message is new."""
    for page in range(CHAT_PAGES_MOST):
        chats = client.chats_overview(session, limit=CHATS_A_PAGE, offset=page * CHATS_A_PAGE)
        moved = [
            chat
            for chat in chats
            if chat.last_message is None or chat.last_message.timestamp >= since_s
        ]
        for chat in moved:
            if chat.last_message is not None and _is_with_a_person(chat.chat):
                yield from client.messages(session, chat.chat, since_s=since_s, limit=PAGE)
        if len(moved) < len(chats) or len(chats) < CHATS_A_PAGE:
            return


def _is_with_a_person(chat: str) -> bool:
    address = parse_chat_id(chat)
    return address is not None and is_private(address)


# --------------------------------------------------------------------------- as deliveries


def _readable(client: WahaClient, phone: Row[Any], look: Look, now: datetime) -> Iterator[Found]:
    """The messages of private chats, each as an event would tell it."""
    if not look.messages:
        return
    me = _me(client, phone.session_name)
    connected_at = min(
        (at for at in (phone.paired_at, phone.status_since) if at is not None), default=now
    )
    for message in look.messages:
        body = _body(message, phone.session_name, me, now)
        event = read_event(body, now)
        if isinstance(event, Said) and is_private(event.chat):
            # WhatsApp counts whole seconds.
            before = event.sent_at < connected_at.replace(microsecond=0)
            yield Found(event, body, is_history=look.is_first and before)


def _me(client: WahaClient, session: str) -> dict[str, str]:
    """The number itself, as a delivery names it: some engines put it into our own messages."""
    found = client.me(session)
    if found is None:
        return {}
    spelt = {"id": f"{found.phone}@c.us" if found.phone else None, "lid": found.lid}
    return {name: address for name, address in spelt.items() if address}


def _body(message: Message, session: str, me: dict[str, str], now: datetime) -> dict[str, Any]:
    return {
        "id": f"{BACKFILL}:{message.bare_id}",
        "timestamp": int(now.timestamp() * 1000),
        "event": "message.any",
        "session": session,
        "me": me,
        "payload": dict(message.raw),
    }


def _delivery(phone: Row[Any], found: Found, now: datetime) -> NewEvent:
    return NewEvent(
        tenant_id=phone.tenant_id,
        device_id=phone.id,
        event_id=found.event_id,
        type="message.any",
        raw=orjson.dumps(found.body),
        received_at=now,
        chat_key=chat_key(found.event),
    )


def _unheard(connection: Connection, device_id: int, found: Sequence[Found]) -> list[Found]:
    """Those that no delivery has told yet, and that we did not send ourselves."""
    keys = {one.event.bare_id: str(business_key(one.event)) for one in found}
    heard = intake.heard(connection, [(device_id, key) for key in keys.values()])
    ours = set(
        connection.execute(
            select(outbound.c.wa_msg_id).where(
                outbound.c.device_id == device_id, outbound.c.wa_msg_id.in_(sorted(keys))
            )
        ).scalars()
    )
    waiting = set(
        connection.execute(
            select(events.c.event_id).where(
                events.c.device_id == device_id,
                events.c.event_id.in_(sorted(one.event_id for one in found)),
            )
        ).scalars()
    )
    return [
        one
        for one in found
        if (device_id, keys[one.event.bare_id]) not in heard
        and one.event.bare_id not in ours
        and one.event_id not in waiting
    ]


def _chunks(found: Sequence[Found], size: int) -> Iterator[Sequence[Found]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]
