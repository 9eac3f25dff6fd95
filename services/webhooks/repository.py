"""Queries of webhook deliveries. They come before a tenant is known: the address tells it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects import mysql, sqlite

from services.devices.models import Device
from services.webhooks.models import WebhookEvent

events: Table = WebhookEvent.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A verified delivery, to be stored as it came."""

    tenant_id: int
    device_id: int
    event_id: str
    type: str
    raw: bytes
    received_at: datetime


def device_by_key(connection: Connection, key: str) -> Row[*tuple[Any, ...]] | None:
    """(id, tenant_id, webhook_secret_sealed) of the device with this address."""
    return connection.execute(
        select(Device.id, Device.tenant_id, Device.webhook_secret_sealed).where(
            Device.webhook_key == key, Device.deleted_at.is_(None)
        )
    ).first()


def add_events(connection: Connection, rows: Sequence[NewEvent]) -> None:
    """Store deliveries; one that is there already (device, event id) stays as it is."""
    values = [{**asdict(row), "state": "NEW", "attempts": 0} for row in rows]
    if connection.dialect.name == "sqlite":
        connection.execute(
            sqlite.insert(events).on_conflict_do_nothing(index_elements=["device_id", "event_id"]),
            values,
        )
        return
    statement = mysql.insert(events)
    connection.execute(
        statement.on_duplicate_key_update(event_id=statement.inserted.event_id), values
    )
