"""WAHA servers, devices (WhatsApp numbers) and their lanes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class WahaServer(Base):
    """One WAHA server: where its devices' sessions live and what it can do."""

    __tablename__ = "waha_servers"
    __table_args__ = (UniqueConstraint("base_url"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    base_url: Mapped[str] = mapped_column(Word(300))
    api_key_sealed: Mapped[str] = mapped_column(Word(500))
    is_sandbox: Mapped[bool] = mapped_column(Boolean, default=False)
    capabilities: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Device(Base):
    """A paired (or pairing) WhatsApp number. Soft-deleted: its sends keep pointing at it."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("session_name"),
        UniqueConstraint("webhook_key"),
        Index("ix_devices_tenant_id_deleted_at", "tenant_id", "deleted_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="RESTRICT"))
    server_id: Mapped[int] = mapped_column(ForeignKey("waha_servers.id", ondelete="RESTRICT"))
    session_name: Mapped[str] = mapped_column(Word(54))
    phone_number: Mapped[str | None] = mapped_column(Word(20))
    display_name: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(Word(20), default="STARTING")
    """Link state of DESIGN 17."""
    status_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Last change of the link: a look-up proves nothing about a time before it."""
    health: Mapped[str] = mapped_column(Word(20), default="OK")
    health_reason: Mapped[str | None] = mapped_column(String(200))
    health_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_active_for_broadcast: Mapped[bool] = mapped_column(Boolean, default=True)
    weight: Mapped[int] = mapped_column(Integer, default=1)
    pacing: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """per_hour, per_day, cold_per_day, rest_after, rest_s, windows; a missing key is no limit."""
    webhook_key: Mapped[str] = mapped_column(Word(40))
    webhook_secret_sealed: Mapped[str] = mapped_column(Word(300))
    wanted: Mapped[bool] = mapped_column(Boolean, default=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    history_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the chats of the time before it was connected were taken over; NULL: not yet."""
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when what WAHA keeps was compared with what its webhooks told."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceLane(Base):
    """The clock of one device: when it may send next, and what it has sent today.

    `due_at` is when a claim should look at the lane (NULL: nothing to send); it is only a hint,
    made good by a scan. The two gap clocks are the promise.
    """

    __tablename__ = "device_lanes"
    __table_args__ = (Index("ix_device_lanes_due_at", "due_at"), TABLE_OPTIONS)

    device_id: Mapped[int] = mapped_column(
        ForeignKey("devices.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    tenant_id: Mapped[int] = mapped_column(
        ForeignKey("tenants.id", ondelete="RESTRICT"), index=True
    )
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_broadcast_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_any_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cooldown_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cooldown_reason: Mapped[str | None] = mapped_column(String(200))
    gap_s: Mapped[float] = mapped_column(Float, default=0.0)
    """The gap drawn with the latest broadcast, real seconds; counted again from the call's end."""
    resting: Mapped[bool] = mapped_column(Boolean, default=False)
    until_rest: Mapped[int | None] = mapped_column(Integer)
    day: Mapped[str] = mapped_column(Word(10), default="")
    """Local date of the tenant the day counters belong to."""
    sent_today: Mapped[int] = mapped_column(Integer, default=0)
    cold_today: Mapped[int] = mapped_column(Integer, default=0)
    hour: Mapped[int] = mapped_column(Integer, default=0)
    """Hours since 1970 that `sent_this_hour` counts."""
    sent_this_hour: Mapped[int] = mapped_column(Integer, default=0)
    recent: Mapped[str] = mapped_column(Word(20), default="")
    """The last 20 outcomes, newest last: `.` sent, `x` failed."""
    holder: Mapped[str | None] = mapped_column(Word(32))
    """Token of the claim that looked at the lane last."""
