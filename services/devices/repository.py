"""Queries of devices, their lanes and servers."""

from collections.abc import Sequence

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from services.devices.models import Device, DeviceLane, WahaServer
from services.messages.models import OutboundMessage


def devices(session: Session, tenant_id: int) -> Sequence[Device]:
    return session.scalars(
        select(Device)
        .where(Device.tenant_id == tenant_id, Device.deleted_at.is_(None))
        .order_by(Device.id)
    ).all()


def device(session: Session, tenant_id: int, session_name: str) -> Device | None:
    return session.scalar(
        select(Device).where(
            Device.tenant_id == tenant_id,
            Device.session_name == session_name,
            Device.deleted_at.is_(None),
        )
    )


def lane(session: Session, tenant_id: int, device_id: int) -> DeviceLane | None:
    return session.scalar(
        select(DeviceLane).where(
            DeviceLane.tenant_id == tenant_id, DeviceLane.device_id == device_id
        )
    )


def has_open_messages(session: Session, tenant_id: int, device_id: int) -> bool:
    found = session.scalar(
        select(literal(1))
        .where(
            OutboundMessage.tenant_id == tenant_id,
            OutboundMessage.device_id == device_id,
            OutboundMessage.status.in_(("PENDING", "SENDING", "AMBIGUOUS")),
        )
        .limit(1)
    )
    return found is not None


def waiting(session: Session, tenant_id: int, device_id: int, limit: int) -> int:
    """How many messages wait in the lane, counted to `limit`."""
    rows = session.scalars(
        select(OutboundMessage.id)
        .where(
            OutboundMessage.tenant_id == tenant_id,
            OutboundMessage.device_id == device_id,
            OutboundMessage.status == "PENDING",
        )
        .limit(limit)
    )
    return len(rows.all())


def server(session: Session, server_id: int) -> WahaServer:
    """Servers belong to the installation, not to a tenant."""
    return session.execute(select(WahaServer).where(WahaServer.id == server_id)).scalar_one()


def server_by_url(session: Session, base_url: str) -> WahaServer | None:
    return session.scalar(select(WahaServer).where(WahaServer.base_url == base_url))
