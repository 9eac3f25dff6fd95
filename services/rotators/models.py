"""Rotating links and their clicks."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class LinkRotator(Base):
    """A public address (`/link/<slug>`) and the numbers that share its visitors."""

    __tablename__ = "link_rotators"
    __table_args__ = (
        UniqueConstraint("slug"),
        Index("ix_link_rotators_tenant_id", "tenant_id", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(Word(100))
    name: Mapped[str | None] = mapped_column(String(255))
    target_numbers: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """{phone, weight, device, hours, label} each."""
    default_message: Mapped[str] = mapped_column(String(500), default="")
    rotation_type: Mapped[str] = mapped_column(Word(12), default="SEQUENTIAL")
    """SEQUENTIAL, RANDOM, WEIGHTED (spec); STICKY, LEAST_LOADED."""
    fallback_phone: Mapped[str | None] = mapped_column(Word(20))
    closed_text: Mapped[str | None] = mapped_column(String(500))
    """Shown where no number takes visitors now."""
    with_code: Mapped[bool] = mapped_column(Boolean, default=True)
    """Put a click code into the message, so that the chat can be matched to the click."""
    flow_version_id: Mapped[int | None] = mapped_column(Id)
    """An inline flow of the tenant that answers instead of the shipped one."""
    click_count: Mapped[int] = mapped_column(Integer, default=0)
    current_index: Mapped[int] = mapped_column(Integer, default=0)
    """The next index of the rotation; processes lease blocks of it."""
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RotatorClick(Base):
    """One visitor who was led on."""

    __tablename__ = "link_rotator_clicks"
    __table_args__ = (
        UniqueConstraint("journal", "journal_offset"),
        UniqueConstraint("code"),
        Index("ix_link_rotator_clicks_rotator_id", "rotator_id", "clicked_at", "id"),
        Index("ix_link_rotator_clicks_clicked_at", "clicked_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    rotator_id: Mapped[int] = mapped_column(ForeignKey("link_rotators.id", ondelete="CASCADE"))
    journal: Mapped[str] = mapped_column(Word(40))
    journal_offset: Mapped[int] = mapped_column(Id)
    """Where the click stands in the journal it was drained from: it is counted once."""
    redirected_to: Mapped[str] = mapped_column(Word(20))
    code: Mapped[str | None] = mapped_column(Word(16))
    visitor: Mapped[str | None] = mapped_column(Word(40))
    """A random id from the visitor's cookie."""
    is_counted: Mapped[bool] = mapped_column(Boolean, default=True)
    """False for previews and robots: kept, not counted."""
    ip_address: Mapped[str | None] = mapped_column(Word(45))
    user_agent: Mapped[str | None] = mapped_column(Text)
    referer: Mapped[str | None] = mapped_column(String(500))
    source: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """utm_* and the ids of advertisers, as they came."""
    contact_id: Mapped[int | None] = mapped_column(Id)
    """Who wrote with this code."""
    converted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clicked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HeardCode(Base):
    """A code that somebody wrote before its click was in the database; kept for a day."""

    __tablename__ = "link_codes_heard"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_link_codes_heard_code", "code"),
        Index("ix_link_codes_heard_heard_at", "heard_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    code: Mapped[str] = mapped_column(Word(16))
    contact_id: Mapped[int] = mapped_column(Id)
    """Who wrote it first."""
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime)
