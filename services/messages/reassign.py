"""Moves waiting broadcasts off a device that can't send them, to others of the same campaign.

Only PENDING rows move: what is SENDING or AMBIGUOUS may have gone out through its device.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import cycle
from typing import Any

from sqlalchemy import Connection, Table, bindparam, or_, select, update

from services.campaigns.models import Campaign
from services.contacts.models import Contact
from services.devices.models import Device
from services.kit.db import one_of
from services.messages.ledger import BROADCAST, messages, ring

campaigns: Table = Campaign.__table__  # type: ignore[assignment]
contacts: Table = Contact.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]

BATCH = 500


def reassign(connection: Connection, now: datetime) -> int:
    """Give stranded broadcasts to ready devices of their campaign's pool; returns how many moved.

    A frozen device keeps the messages for people it knows. A message that was ever in doubt stays,
    so that it can never go out under two ids; one that certainly did not leave moves and gives its
    id up. For a device the person never talked with, the message counts as a new chat.
    """
    stranded: Sequence[Any] = connection.execute(_STRANDED, {"now": now, "limit": BATCH}).all()
    moved: list[dict[str, Any]] = []
    by_campaign: dict[int, list[Any]] = {}
    for row in stranded:
        by_campaign.setdefault(row.campaign_id, []).append(row)
    for rows in by_campaign.values():
        ready = _ready(connection, rows[0])
        if ready:
            moved += [
                {"message": row.id, "device": device, "cold": row.last_device_id != device}
                for row, device in zip(rows, cycle(ready), strict=False)
            ]
    if moved:
        connection.execute(_MOVE, moved)
        ring(connection, {row["device"] for row in moved}, now)
    return len(moved)


def _ready(connection: Connection, row: Any) -> Sequence[int]:
    """Devices of the campaign that can send now; all of the tenant when it names none."""
    pool = row.params.get("devices") if isinstance(row.params, dict) else None
    found = connection.execute(_READY, {"tenant": row.tenant_id}).all()
    if isinstance(pool, list) and pool:
        found = [device for device in found if device.session_name in pool]
    return [device.id for device in found]


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
    select(
        messages.c.id,
        messages.c.campaign_id,
        messages.c.tenant_id,
        campaigns.c.params,
        contacts.c.last_device_id,
    )
    .join(devices, devices.c.id == messages.c.device_id)
    .join(campaigns, campaigns.c.id == messages.c.campaign_id)
    .outerjoin(contacts, contacts.c.id == messages.c.identity_id)
    .where(
        messages.c.status == "PENDING",
        messages.c.priority == BROADCAST,
        messages.c.ambiguous_at.is_(None),
        or_(_OUT, _FROZEN & messages.c.is_cold.is_(True)),
    )
    .order_by(messages.c.id)
    .limit(bindparam("limit"))
)
_READY = (
    select(devices.c.id, devices.c.session_name)
    .where(
        devices.c.tenant_id == bindparam("tenant"),
        devices.c.status == "CONNECTED",
        one_of(devices.c.health, ("OK", "WARMING")),
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
        messages.c.ambiguous_at.is_(None),
    )
    .values(
        device_id=bindparam("device"),
        is_cold=bindparam("cold"),
        wa_msg_id=None,
        wa_id_ours=False,
    )
)
