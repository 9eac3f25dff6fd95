"""Tables of the kit: events on their way up, and answers kept for repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class OutboxEvent(Base):
    """A business event, written in the transaction that made it true; `runtime` reads it."""

    __tablename__ = "outbox_events"
    __table_args__ = (Index("ix_outbox_events_done_at_id", "done_at", "id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Word(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdempotencyKey(Base):
    """The answer to a request that carried an Idempotency-Key, for 24 h."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("tenant_id", "key"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    key: Mapped[str] = mapped_column(Word(100))
    body_hash: Mapped[str] = mapped_column(Word(64))
    status: Mapped[int | None] = mapped_column(SmallInteger)
    response: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
