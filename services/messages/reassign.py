"""Moves waiting broadcasts off a device that can't send them, to others of the same campaign.

Only PENDING rows move: what is SENDING or AMBIGUOUS may have gone out through its device.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import cycle
from typing import Any

from sqlalchemy import Connection, Table, bindparam, or_, select, update

from services.devices.models import Device
from services.messages.ledger import BROADCAST, messages, ring

devices: Table = Device.__table__  # type: ignore[assignment]

BATCH = 500


def reassign(connection: Connection, now: datetime) -> int:
    """Give stranded broadcasts to ready devices that the campaign uses; returns how many moved.

    A frozen device keeps the messages for people it knows. A message that was tried before (it
    carries an id of its device) stays, so that it can never go out under two ids.
    """
    stranded: Sequence[Any] = connection.execute(_STRANDED, {"now": now, "limit": BATCH}).all()
    moved: list[dict[str, Any]] = []
    by_campaign: dict[int, list[Any]] = {}
    for row in stranded:
        by_campaign.setdefault(row.campaign_id, []).append(row)
    for campaign_id, rows in by_campaign.items():
        ready = _ready(connection, campaign_id, now)
        if ready:
            moved += [
                {"message": row.id, "device": device}
                for row, device in zip(rows, cycle(ready), strict=False)
            ]
    if moved:
        connection.execute(_MOVE, moved)
        ring(connection, {row["device"] for row in moved}, now)
    return len(moved)


def _ready(connection: Connection, campaign_id: int, now: datetime) -> Sequence[Any]:
    return connection.execute(_READY, {"campaign": campaign_id, "now": now}).scalars().all()


_FROZEN = (devices.c.health == "COLD_FROZEN") & (
    devices.c.health_until.is_(None) | (devices.c.health_until > bindparam("now"))
)
_OUT = or_(
    devices.c.status != "CONNECTED",
    devices.c.health == "PAUSED",
    devices.c.deleted_at.is_not(None),
    devices.c.is_active_for_broadcast.is_(False),
)
_STRANDED = (
    select(messages.c.id, messages.c.campaign_id)
    .join(devices, devices.c.id == messages.c.device_id)
    .where(
        messages.c.status == "PENDING",
        messages.c.priority == BROADCAST,
        messages.c.campaign_id.is_not(None),
        messages.c.wa_msg_id.is_(None),
        or_(_OUT, _FROZEN & messages.c.is_cold.is_(True)),
    )
    .order_by(messages.c.id)
    .limit(bindparam("limit"))
)
_used = messages.alias("used")
_READY = (
    select(devices.c.id)
    .where(
        devices.c.id.in_(
            select(_used.c.device_id).where(_used.c.campaign_id == bindparam("campaign"))
        ),
        devices.c.status == "CONNECTED",
        devices.c.health.in_(("OK", "WARMING")),
        devices.c.deleted_at.is_(None),
        devices.c.is_active_for_broadcast.is_(True),
    )
    .order_by(devices.c.id)
)
_MOVE = (
    update(messages)
    .where(
        messages.c.id == bindparam("message"),
        messages.c.status == "PENDING",
        messages.c.wa_msg_id.is_(None),
    )
    .values(device_id=bindparam("device"))
)
