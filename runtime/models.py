"""Runs, the turns of tenants, and the fires of schedules."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class FlowRun(Base):
    """A run of a flow version, or one element of a for-each inside it (`parent_id`, `item_key`)."""

    __tablename__ = "flow_runs"
    __table_args__ = (
        UniqueConstraint("parent_id", "item_key"),
        UniqueConstraint("tenant_id", "dedupe_key"),
        Index("ix_flow_runs_due", "status", "queue", "wake_at", "id"),
        Index("ix_flow_runs_tenant_due", "tenant_id", "status", "priority", "wake_at", "id"),
        Index("ix_flow_runs_lease", "status", "lease_until"),
        Index("ix_flow_runs_wait_key", "wait_key"),
        Index("ix_flow_runs_parent_id_status", "parent_id", "status"),
        Index("ix_flow_runs_flow_id", "flow_id", "id"),
        Index("ix_flow_runs_tenant_id_id", "tenant_id", "id"),
        Index("ix_flow_runs_chat_session_id", "chat_session_id", "status"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    flow_version_id: Mapped[int] = mapped_column(Id)
    campaign_id: Mapped[int | None] = mapped_column(Id)
    campaign_log_id: Mapped[int | None] = mapped_column(Id)
    parent_id: Mapped[int | None] = mapped_column(Id)
    item_key: Mapped[str | None] = mapped_column(Word(80))
    trigger: Mapped[str] = mapped_column(Word(40), default="")
    dedupe_key: Mapped[str | None] = mapped_column(Word(120))
    mode: Mapped[str] = mapped_column(Word(10), default="live")
    kind: Mapped[str] = mapped_column(Word(12), default="broadcast")
    seed: Mapped[str] = mapped_column(Word(40), default="")
    identity_id: Mapped[int | None] = mapped_column(Id)
    flow_id: Mapped[int | None] = mapped_column(Id)
    chat_session_id: Mapped[int | None] = mapped_column(Id)
    """The chat this run answers in."""
    replay_of: Mapped[int | None] = mapped_column(Id)
    status: Mapped[str] = mapped_column(Word(10), default="QUEUED")
    reason: Mapped[str | None] = mapped_column(String(200))
    desired_state: Mapped[str | None] = mapped_column(Word(10))
    """PAUSED or CANCELLED, as a person asked; the next claim obeys."""
    priority: Mapped[int] = mapped_column(SmallInteger, default=40)
    queue: Mapped[str] = mapped_column(Word(12), default="hot")
    """hot, or media for a step handed over to the slow workers."""
    cursor: Mapped[dict[str, Any] | None] = mapped_column(Json)
    state: Mapped[dict[str, Any] | None] = mapped_column(Json)
    signal: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What woke the run: an outcome, an event, the end of its children."""
    wake_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wait_key: Mapped[str | None] = mapped_column(Word(120))
    lease_token: Mapped[str | None] = mapped_column(Word(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    attempt: Mapped[int] = mapped_column(SmallInteger, default=0)
    trace: Mapped[list[Any] | None] = mapped_column(Json)
    counts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TenantTurn(Base):
    """When a tenant was last served; the least recently served one goes first."""

    __tablename__ = "tenant_turns"
    __table_args__ = (TABLE_OPTIONS,)

    tenant_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    last_served_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RotationTurn(Base):
    """The next index of a rotation, shared by every worker; indexes are leased in blocks."""

    __tablename__ = "rotation_turns"
    __table_args__ = (TABLE_OPTIONS,)

    tenant_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Word(120), primary_key=True)
    next_index: Mapped[int] = mapped_column(Integer, default=0)


class ScheduleFire(Base):
    """A due time that was served: however many schedulers run, each due time fires once."""

    __tablename__ = "schedule_fires"
    __table_args__ = (TABLE_OPTIONS,)

    job: Mapped[str] = mapped_column(Word(80), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    fired_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Installation(Base):
    """Who this database belongs to, and how far it is: tells a restored backup from a restart."""

    __tablename__ = "installation"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    install_id: Mapped[str] = mapped_column(Word(40))
    counter: Mapped[int] = mapped_column(Integer, default=0)
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
