"""What WAHA told us: acks, echoes of our own messages and the state of sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import structlog
from sqlalchemy import Connection, Row, Table, bindparam, or_, select, update

from domain.states import grow_ack
from runtime.outcomes import apply_finals
from services.campaigns import progress
from services.devices import links
from services.devices.models import Device
from services.integrations.waha.addresses import read_message_id
from services.kit.clock import Clock
from services.kit.db import Database
from services.messages import acks
from services.webhooks.models import WebhookEvent

events: Table = WebhookEvent.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.inbound")

BATCH = 200
LEASE_S = 30.0
LEASE_FLOOR_S = 3.0
MAX_ATTEMPTS = 3


def take_webhook_events(database: Database, clock: Clock) -> int:
    """Deal with a batch of stored events; returns how many.

    The attempt is counted before the work. An event that breaks its batch is dealt with alone;
    one that breaks three times is DEAD with its raw body kept.
    """
    now = clock.now()
    with database.read() as connection:
        if connection.execute(_ANY, {"now": now}).scalar() is None:
            return 0
    with database.write() as connection:
        rows = _claim(connection, now, clock)
    if not rows:
        return 0
    try:
        with database.write() as connection:
            _deal_with(connection, rows, clock)
    except Exception as error:
        log.warning("event_batch_failed", events=len(rows), error=str(error)[:300])
        for row in rows:
            _deal_with_one(database, row, clock)
    return len(rows)


def _deal_with_one(database: Database, row: Row[Any], clock: Clock) -> None:
    try:
        with database.write() as connection:
            _deal_with(connection, [row], clock)
    except Exception as error:
        with database.write() as connection:
            connection.execute(
                update(events)
                .where(events.c.id == row.id, events.c.lease_token == row.lease_token)
                .values(
                    state="DEAD" if row.attempts >= MAX_ATTEMPTS else "NEW",
                    error=f"{type(error).__name__}: {error}"[:300],
                    lease_token=None,
                    lease_until=None,
                )
            )


_DUE = or_(
    events.c.state == "NEW",
    (events.c.state == "TAKEN") & (events.c.lease_until <= bindparam("now")),
)
_ANY = select(events.c.id).where(_DUE).limit(1)


def _claim(connection: Connection, now: datetime, clock: Clock) -> Sequence[Row[Any]]:
    due = connection.execute(
        select(events.c.id, events.c.attempts).where(_DUE).order_by(events.c.id).limit(BATCH),
        {"now": now},
    ).all()
    if not due:
        return []
    # One of those that were tried before may be what ended its worker: try each by itself.
    tried = [row for row in due if row.attempts > 0]
    ids = [row.id for row in tried[:1] or due]
    if tried and tried[0].attempts >= MAX_ATTEMPTS:
        connection.execute(
            update(events)
            .where(events.c.id.in_(ids), _DUE)
            .values(
                state="DEAD",
                error="It ended its worker three times.",
                lease_token=None,
                lease_until=None,
            ),
            {"now": now},
        )
        return []
    token = uuid4().hex
    until = now + timedelta(seconds=max(clock.seconds(LEASE_S), LEASE_FLOOR_S))
    connection.execute(
        update(events)
        .where(events.c.id.in_(ids), _DUE)
        .values(
            state="TAKEN", lease_token=token, lease_until=until, attempts=events.c.attempts + 1
        ),
        {"now": now},
    )
    return connection.execute(
        select(events)
        .where(events.c.id.in_(ids), events.c.lease_token == token)
        .order_by(events.c.id)
    ).all()


@dataclass(slots=True)
class _Found:
    """What a batch of events says."""

    levels: dict[tuple[int, str], int] = field(default_factory=dict)
    sessions: list[tuple[int, Mapping[str, Any], datetime]] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)
    used: list[int] = field(default_factory=list)


def _deal_with(connection: Connection, rows: Sequence[Row[Any]], clock: Clock) -> None:
    now = clock.now()
    found = _Found()
    for row in rows:
        _read(row, found)
    finals, grown = acks.apply(connection, found.levels, now)
    apply_finals(connection, finals)
    progress.apply_acks(connection, grown, now)
    for device_id, payload, told_at in found.sessions:
        links.follow(connection, device_id, payload, told_at, now)
    _close(connection, found.used, "DONE")
    _close(connection, found.ignored, "IGNORED")


def _read(row: Row[Any], found: _Found) -> None:
    body = orjson.loads(row.raw)
    payload = body.get("payload")
    payload = payload if isinstance(payload, Mapping) else {}
    if row.type in ("message.ack", "message.ack.group") and payload.get("fromMe") is not False:
        level, named = payload.get("ack"), read_message_id(payload)
        if isinstance(level, int) and named is not None and -1 <= level <= 4:
            key = (row.device_id, named.bare)
            found.levels[key] = grow_ack(found.levels.get(key, 0), level)
            found.used.append(row.id)
            return
    if row.type in ("message", "message.any") and payload.get("fromMe") is True:
        named = read_message_id(payload)
        if named is not None:
            key = (row.device_id, named.bare)
            found.levels[key] = grow_ack(found.levels.get(key, 0), 1)
            found.used.append(row.id)
            return
    if row.type == "session.status":
        found.sessions.append((row.device_id, payload, _told_at(body, row.received_at)))
        found.used.append(row.id)
        return
    found.ignored.append(row.id)


def _told_at(body: Mapping[str, Any], received_at: datetime) -> datetime:
    """When WAHA saw it: events may arrive in another order than they happened."""
    told_ms = body.get("timestamp")
    if isinstance(told_ms, int | float) and told_ms > 0:
        return min(datetime.fromtimestamp(told_ms / 1000, UTC), received_at)
    return received_at


def _close(connection: Connection, ids: Sequence[int], state: str) -> None:
    if ids:
        connection.execute(
            update(events)
            .where(events.c.id.in_(ids), events.c.state == "TAKEN")
            .values(state=state, lease_token=None, lease_until=None)
        )
