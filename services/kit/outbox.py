"""The only way up: a business event, written in the transaction that made it true."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from services.kit.models import OutboxEvent

events: Table = OutboxEvent.__table__  # type: ignore[assignment]


def publish(
    where: Connection | Session,
    tenant_id: int,
    name: str,
    payload: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write an event down; it exists if and only if the transaction commits."""
    where.execute(
        insert(events),
        {"tenant_id": tenant_id, "name": name, "payload": dict(payload), "created_at": now},
    )


def waiting(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Events nobody has dealt with yet, oldest first."""
    return connection.execute(_WAITING, {"limit": limit}).all()


_WAITING = (
    select(events).where(events.c.done_at.is_(None)).order_by(events.c.id).limit(bindparam("limit"))
)


def done(connection: Connection, event_id: int, now: datetime) -> bool:
    """Mark an event as dealt with; False when somebody else was faster."""
    marked = connection.execute(
        update(events)
        .where(events.c.id == event_id, events.c.done_at.is_(None))
        .values(done_at=now)
    )
    return marked.rowcount == 1
