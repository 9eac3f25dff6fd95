"""A device's link and its restrictions, as WAHA reports them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, literal, or_, select, update

from domain.health import FREEZE_IF_UNKNOWN_S
from services.devices.models import Device, DeviceLane
from services.integrations.waha.answers import read_capping, read_status, read_timelock
from services.integrations.waha.types import Capping, CappingLevel, SessionStatus, Timelock
from services.kit import outbox

devices: Table = Device.__table__  # type: ignore[assignment]
lanes: Table = DeviceLane.__table__  # type: ignore[assignment]

LINK_OF: Mapping[SessionStatus, str] = {
    SessionStatus.STOPPED: "DISCONNECTED",
    SessionStatus.STARTING: "STARTING",
    SessionStatus.SCAN_QR_CODE: "SCAN_QR",
    SessionStatus.PASSKEY_REQUIRED: "SCAN_QR",
    SessionStatus.PASSKEY_CONFIRMATION_REQUIRED: "SCAN_QR",
    SessionStatus.WORKING: "CONNECTED",
    SessionStatus.FAILED: "FAILED",
    SessionStatus.UNKNOWN: "DISCONNECTED",
}


def follow(
    connection: Connection,
    device_id: int,
    payload: Mapping[str, Any],
    told_at: datetime,
    now: datetime,
) -> None:
    """Take over what a `session.status` event says; one older than the last change is passed."""
    since = connection.execute(
        select(devices.c.status_since).where(devices.c.id == device_id)
    ).scalar()
    if since is not None and told_at < since:
        return
    link = LINK_OF[read_status(payload.get("status"))]
    if not set_link(connection, device_id, link, now, told_at):
        # Told again, there was a change in between: nothing is proven about the time before.
        connection.execute(
            update(devices).where(devices.c.id == device_id).values(status_since=told_at)
        )
    data = payload.get("data")
    timelock = read_timelock(data.get("reachoutTimelock")) if isinstance(data, Mapping) else None
    if timelock is not None:
        restrict(connection, device_id, timelock, now)
    capping = read_capping(data.get("messageCapping")) if isinstance(data, Mapping) else None
    if capping is not None and not (timelock is not None and timelock.active):
        cap(connection, device_id, capping, now)


def set_link(
    connection: Connection,
    device_id: int,
    link: str,
    now: datetime,
    since: datetime | None = None,
) -> bool:
    """Write the link when it changed; a device that came back is looked at at once."""
    changed = connection.execute(
        update(devices)
        .where(devices.c.id == device_id, devices.c.status != link)
        .values(status=link, status_since=since or now, last_seen_at=now, updated_at=now)
    ).rowcount
    if changed:
        tenant_id = connection.execute(
            select(devices.c.tenant_id).where(devices.c.id == device_id)
        ).scalar_one()
        told = {"device_id": device_id, "status": link}
        outbox.publish(connection, tenant_id, "device.status", told, now)
    if changed and link == "CONNECTED":
        connection.execute(update(lanes).where(lanes.c.device_id == device_id).values(due_at=now))
    return bool(changed)


def cap(connection: Connection, device_id: int, capping: Capping, now: datetime) -> None:
    """WhatsApp's quota of new chats: used up, it is a block on them until the cycle ends."""
    if capping.level is CappingLevel.CAPPED:
        timelock = Timelock(active=True, until=capping.cycle_end, enforcement="CAPPED")
        restrict(connection, device_id, timelock, now)


def restrict(connection: Connection, device_id: int, timelock: Timelock, now: datetime) -> None:
    """WhatsApp's block on new chats: frozen for cold contacts until it ends, replies go on."""
    if timelock.active:
        until = timelock.until or now + timedelta(seconds=FREEZE_IF_UNKNOWN_S)
        connection.execute(
            update(devices)
            .where(
                devices.c.id == device_id,
                devices.c.health != "PAUSED",
                # A report without an end never shortens a freeze that has one.
                or_(
                    literal(timelock.until is not None),
                    devices.c.health != "COLD_FROZEN",
                    devices.c.health_until.is_(None),
                    devices.c.health_until < until,
                ),
            )
            .values(
                health="COLD_FROZEN",
                health_reason=f"463 {timelock.enforcement or ''}".strip(),
                health_until=until,
                updated_at=now,
            )
        )
        return
    connection.execute(
        update(devices)
        .where(devices.c.id == device_id, devices.c.health == "COLD_FROZEN")
        .values(health="OK", health_reason=None, health_until=None, updated_at=now)
    )
    connection.execute(update(lanes).where(lanes.c.device_id == device_id).values(due_at=now))
