"""A tenant's flows and their published versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word

Source = (
    Text().with_variant(mysql.MEDIUMTEXT(), "mysql").with_variant(mysql.MEDIUMTEXT(), "mariadb")
)


class Flow(Base):
    """A flow with its draft as the user spelled it."""

    __tablename__ = "flows"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(Word(60))
    """`id` of the document."""
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(Word(20))
    source: Mapped[str] = mapped_column(Source)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    published_version_id: Mapped[int | None] = mapped_column(Id)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default="1")
    """False: its triggers start nothing; campaigns and calls still may."""
    params: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The values of the document's `params`, filled once by the tenant."""
    template: Mapped[str | None] = mapped_column(Word(80))
    """What it was made from: `shipped:<id>` or `own:<flow_templates.id>`."""
    template_hash: Mapped[str | None] = mapped_column(Word(64))
    """Content hash of the template as it was then: another one means "update available"."""
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FlowVersion(Base):
    """A published version. Never changes; runs are pinned to it."""

    __tablename__ = "flow_versions"
    __table_args__ = (UniqueConstraint("flow_id", "number"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    content_hash: Mapped[str] = mapped_column(Word(64))
    source: Mapped[str] = mapped_column(Source)
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    params: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The flow's own values when this version was published; a campaign brings its own."""
    created_by: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FlowTemplate(Base):
    """A template of the tenant's own, made from one of its flows."""

    __tablename__ = "flow_templates"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(Word(60))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(500), default="")
    kind: Mapped[str] = mapped_column(Word(20))
    source: Mapped[str] = mapped_column(Source)
    content_hash: Mapped[str] = mapped_column(Word(64))
    created_by: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Trigger(Base):
    """What starts a published flow: one row for each entry of its document's `triggers`."""

    __tablename__ = "triggers"
    __table_args__ = (
        UniqueConstraint("flow_id", "name"),
        UniqueConstraint("token"),
        Index("ix_triggers_tenant_id_type", "tenant_id", "type", "is_active"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    flow_version_id: Mapped[int] = mapped_column(Id)
    """The published version it starts."""
    name: Mapped[str] = mapped_column(Word(40))
    """Its key in the document."""
    type: Mapped[str] = mapped_column(Word(40))
    """Kind of the trigger node: message, webhook, schedule, contact-event, link-click, manual."""
    params: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """Its form, with the flow's parameters filled in."""
    position: Mapped[int] = mapped_column(Integer, default=0)
    """Which flow hears a message first; the smaller goes first."""
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    """Whether it starts runs now: flow active, entry not disabled, filled in, and `is_on`."""
    is_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default="1")
    """False: a person switched this one off."""
    token: Mapped[str | None] = mapped_column(Word(48))
    """Of `/hooks/<token>`; webhook triggers only."""
    secret_sealed: Mapped[str | None] = mapped_column(Word(300))
    """Deliveries to the hook must be signed with it; NULL: none asked."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Schedule(Base):
    """When a schedule trigger is due next, and what was missed."""

    __tablename__ = "schedules"
    __table_args__ = (
        UniqueConstraint("trigger_id"),
        Index("ix_schedules_due", "status", "next_due_at"),
        Index("ix_schedules_tenant_id", "tenant_id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    trigger_id: Mapped[int] = mapped_column(ForeignKey("triggers.id", ondelete="CASCADE"))
    rule: Mapped[dict[str, Any]] = mapped_column(Json)
    """`at`, `cron` or `rrule`, and `zone` (IANA)."""
    status: Mapped[str] = mapped_column(Word(8), default="ACTIVE")
    """ACTIVE, PAUSED, HELD (a due time was missed by more than its grace), ENDED."""
    max_late_s: Mapped[int] = mapped_column(Integer, default=3600)
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The missed time a person has to confirm or drop."""
    last_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_fired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
