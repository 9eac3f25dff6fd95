"""Campaigns and one row for each of their recipients."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class Campaign(Base):
    __tablename__ = "campaigns"
    __table_args__ = (
        Index("ix_campaigns_status", "status"),
        Index("ix_campaigns_tenant_id", "tenant_id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    flow_version_id: Mapped[int | None] = mapped_column(Id)
    """The published version this campaign runs, for its whole life."""
    params: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    message_template: Mapped[str] = mapped_column(Text, default="")
    media_url: Mapped[str | None] = mapped_column(String(500))
    media_type: Mapped[str | None] = mapped_column(Word(20))
    target_tags: Mapped[list[str]] = mapped_column(Json, default=list)
    limits: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """`quiet_hours` and the like of its flow; read by every claim."""
    seed: Mapped[str] = mapped_column(Word(40))
    """Drawn when the campaign is made: preview, test, run and retry choose alike."""
    run_id: Mapped[int | None] = mapped_column(Id)
    status: Mapped[str] = mapped_column(Word(20), default="DRAFT")
    status_reason: Mapped[str | None] = mapped_column(String(200))
    pass_no: Mapped[int] = mapped_column(SmallInteger, default=1)
    skip_missing: Mapped[bool] = mapped_column(Boolean, default=False)
    """True: a recipient with an empty field and no default is SKIPPED(missing_value)."""
    target_count: Mapped[int] = mapped_column(Integer, default=0)
    sent_count: Mapped[int] = mapped_column(Integer, default=0)
    failed_count: Mapped[int] = mapped_column(Integer, default=0)
    delay_min: Mapped[int] = mapped_column(Integer, default=5)
    delay_max: Mapped[int] = mapped_column(Integer, default=20)
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CampaignLog(Base):
    """A recipient: written QUEUED when the audience is frozen, in the end one final word."""

    __tablename__ = "campaign_logs"
    __table_args__ = (
        UniqueConstraint("campaign_id", "contact_id"),
        Index("ix_campaign_logs_campaign_id_status_position", "campaign_id", "status", "position"),
        Index("ix_campaign_logs_contact_id", "contact_id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    phone: Mapped[str] = mapped_column(Word(40))
    position: Mapped[int] = mapped_column(Integer)
    """Order of sending; drawn from the seed when the audience is shuffled."""
    status: Mapped[str] = mapped_column(Word(12), default="QUEUED")
    reason: Mapped[str | None] = mapped_column(Word(60))
    error_message: Mapped[str | None] = mapped_column(Text)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id", ondelete="SET NULL"))
    message_sent: Mapped[str | None] = mapped_column(Text)
    variant: Mapped[str | None] = mapped_column(String(200))
    waha_message_id: Mapped[str | None] = mapped_column(Word(100))
    unconfirmed: Mapped[bool] = mapped_column(Boolean, default=False)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
