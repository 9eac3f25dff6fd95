"""Messages accepted and never confirmed: a flag, no resend; too many of them pause the device."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, func, select, update

from domain.health import UNCONFIRMED_AFTER_S, PauseReason, is_unconfirmed
from services.campaigns.models import CampaignLog
from services.devices.models import Device
from services.kit.clock import Clock
from services.messages.ledger import messages

logs: Table = CampaignLog.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]

BATCH = 1000
FLOOR_S = 30.0
"""On a scaled clock: a loaded machine must be able to hand receipts over."""


def flag(connection: Connection, now: datetime, clock: Clock) -> list[int]:
    """Mark what stayed without a receipt for too long; returns the devices that were paused.

    Looks at the sends of one window before the last one: the latest are still allowed to wait.
    """
    wait = timedelta(seconds=max(clock.seconds(UNCONFIRMED_AFTER_S), FLOOR_S))
    until, since = now - wait, now - 2 * wait
    silent = (
        connection.execute(_SILENT, {"since": since, "until": until, "limit": BATCH})
        .scalars()
        .all()
    )
    if silent:
        connection.execute(
            update(logs)
            .where(logs.c.id.in_(silent), logs.c.status == "SENT")
            .values(unconfirmed=True)
        )
    paused = []
    for row in connection.execute(_SHARES, {"since": since, "until": until}):
        if is_unconfirmed(row.sent, int(row.unconfirmed or 0)) and _pause(connection, row, now):
            paused.append(row.device_id)
    return paused


def _pause(connection: Connection, row: Any, now: datetime) -> bool:
    if (row.pacing or {}).get("auto_pause", True) is False:
        return False
    changed = connection.execute(
        update(devices)
        .where(devices.c.id == row.device_id, devices.c.health != "PAUSED")
        .values(health="PAUSED", health_reason=PauseReason.UNCONFIRMED.value, updated_at=now)
    )
    return changed.rowcount == 1


_IN_WINDOW = (
    (messages.c.status == "SENT")
    & messages.c.kind.in_(("text", "media"))
    & (messages.c.sent_at > bindparam("since"))
    & (messages.c.sent_at <= bindparam("until"))
)
_SILENT = (
    select(messages.c.campaign_log_id)
    .where(_IN_WINDOW, messages.c.ack_level == 0, messages.c.campaign_log_id.is_not(None))
    .limit(bindparam("limit"))
)
_SHARES = (
    select(
        messages.c.device_id,
        devices.c.pacing,
        func.count().label("sent"),
        func.sum(case((messages.c.ack_level == 0, 1), else_=0)).label("unconfirmed"),
    )
    .join(devices, devices.c.id == messages.c.device_id)
    .where(_IN_WINDOW, devices.c.health != "PAUSED")
    .group_by(messages.c.device_id, devices.c.pacing)
)
