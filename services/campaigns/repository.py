"""Queries of campaigns and their recipients."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from services.campaigns.models import Campaign, CampaignLog
from services.devices.models import Device
from services.messages.models import OutboundMessage


def campaigns(
    session: Session, tenant_id: int, after: int | None, limit: int, status: str | None
) -> Sequence[Campaign]:
    """Newest first, from below the id `after`."""
    query = select(Campaign).where(Campaign.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Campaign.id < after)
    if status is not None:
        query = query.where(Campaign.status == status)
    return session.scalars(query.order_by(Campaign.id.desc()).limit(limit)).all()


def campaign(
    session: Session, tenant_id: int, campaign_id: int, *, lock: bool = False
) -> Campaign | None:
    query = select(Campaign).where(Campaign.tenant_id == tenant_id, Campaign.id == campaign_id)
    return session.scalar(query.with_for_update() if lock else query)


def logs(
    session: Session,
    tenant_id: int,
    campaign_id: int,
    after: int | None,
    limit: int,
    status: str | None = None,
) -> Sequence[CampaignLog]:
    """Recipients by id, from above `after`."""
    query = select(CampaignLog).where(
        CampaignLog.tenant_id == tenant_id,
        CampaignLog.campaign_id == campaign_id,
        CampaignLog.id > (after or 0),
    )
    if status is not None:
        query = query.where(CampaignLog.status == status)
    return session.scalars(query.order_by(CampaignLog.id).limit(limit)).all()


def counts(session: Session, tenant_id: int, campaign_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """(status, reason, number) of the recipients."""
    return session.execute(
        select(CampaignLog.status, CampaignLog.reason, func.count().label("number"))
        .where(CampaignLog.tenant_id == tenant_id, CampaignLog.campaign_id == campaign_id)
        .group_by(CampaignLog.status, CampaignLog.reason)
    ).all()


def sent_per_device(
    session: Session, tenant_id: int, campaign_id: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """(device_id, session_name, number) of what left."""
    return session.execute(
        select(Device.id, Device.session_name, func.count().label("number"))
        .join(CampaignLog, CampaignLog.device_id == Device.id)
        .where(
            CampaignLog.tenant_id == tenant_id,
            CampaignLog.campaign_id == campaign_id,
            CampaignLog.status.in_(("SENT", "DELIVERED", "READ")),
        )
        .group_by(Device.id, Device.session_name)
        .order_by(Device.id)
    ).all()


def devices(session: Session, tenant_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """(id, session_name, display_name, status, is_active_for_broadcast) of the devices."""
    return session.execute(
        select(
            Device.id,
            Device.session_name,
            Device.display_name,
            Device.status,
            Device.is_active_for_broadcast,
        )
        .where(Device.tenant_id == tenant_id, Device.deleted_at.is_(None))
        .order_by(Device.id)
    ).all()


def waiting_devices(session: Session, tenant_id: int, campaign_id: int) -> set[int]:
    """The devices that have messages of this campaign to send."""
    return set(
        session.scalars(
            select(OutboundMessage.device_id)
            .where(
                OutboundMessage.tenant_id == tenant_id,
                OutboundMessage.campaign_id == campaign_id,
                OutboundMessage.status == "PENDING",
            )
            .distinct()
        )
    )
