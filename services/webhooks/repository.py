"""Queries of webhook deliveries.

Those of the receiving side come before a tenant is known: the address tells it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update
from sqlalchemy.orm import Session

from services.devices.models import Device
from services.kit.insert_once import InsertOnce
from services.webhooks.models import WebhookEvent

events: Table = WebhookEvent.__table__  # type: ignore[assignment]
_ADD = InsertOnce(events, ["device_id", "event_id"])


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A verified delivery, to be stored as it came."""

    tenant_id: int
    device_id: int
    event_id: str
    type: str
    raw: bytes
    received_at: datetime
    chat_key: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries to list; None: all."""

    state: str | None = None
    type: str | None = None
    device_id: int | None = None


def device_by_key(connection: Connection, key: str) -> Row[*tuple[Any, ...]] | None:
    """(id, tenant_id, webhook_secret_sealed) of the device with this address."""
    return connection.execute(
        select(Device.id, Device.tenant_id, Device.webhook_secret_sealed).where(
            Device.webhook_key == key, Device.deleted_at.is_(None)
        )
    ).first()


def add_events(connection: Connection, rows: Sequence[NewEvent]) -> None:
    """Store deliveries; one that is there already (device, event id) stays as it is."""
    _ADD.many(
        connection,
        [
            {
                "tenant_id": row.tenant_id,
                "device_id": row.device_id,
                "event_id": row.event_id,
                "type": row.type,
                "chat_key": row.chat_key,
                "raw": row.raw,
                "received_at": row.received_at,
                "state": "NEW",
                "attempts": 0,
            }
            for row in rows
        ],
    )


def listed(
    session: Session, tenant_id: int, wanted: Wanted, after: int | None, limit: int
) -> Sequence[WebhookEvent]:
    """Newest first, from below the id `after`."""
    query = select(WebhookEvent).where(WebhookEvent.tenant_id == tenant_id)
    if wanted.state is not None:
        query = query.where(WebhookEvent.state == wanted.state)
    if wanted.type is not None:
        query = query.where(WebhookEvent.type == wanted.type)
    if wanted.device_id is not None:
        query = query.where(WebhookEvent.device_id == wanted.device_id)
    if after is not None:
        query = query.where(WebhookEvent.id < after)
    return session.scalars(query.order_by(WebhookEvent.id.desc()).limit(limit)).all()


def one(session: Session, tenant_id: int, event_id: int) -> WebhookEvent | None:
    return session.scalar(
        select(WebhookEvent).where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.id == event_id)
    )


def bring_back(session: Session, tenant_id: int, event_id: int) -> bool:
    """Make a DEAD delivery NEW, with all its attempts; False when it is not DEAD (any more)."""
    done = session.execute(
        update(events)
        .where(events.c.tenant_id == tenant_id, events.c.id == event_id, events.c.state == "DEAD")
        .values(state="NEW", attempts=0, error=None, lease_token=None, lease_until=None)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
