"""What WAHA told us, as it came."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, UtcDateTime, Word

Raw = (
    LargeBinary()
    .with_variant(mysql.MEDIUMBLOB(), "mysql")
    .with_variant(mysql.MEDIUMBLOB(), "mariadb")
)


class WebhookEvent(Base):
    """One delivery, stored before it is answered; UNIQUE(device_id, event_id) takes doubles."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("device_id", "event_id"),
        Index("ix_webhook_events_state_lease_until_id", "state", "lease_until", "id"),
        Index("ix_webhook_events_chat", "chat_key", "tenant_id", "state"),
        Index("ix_webhook_events_tenant_id", "tenant_id", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    device_id: Mapped[int] = mapped_column(Id)
    event_id: Mapped[str] = mapped_column(Word(80))
    type: Mapped[str] = mapped_column(Word(40))
    chat_key: Mapped[str | None] = mapped_column(Word(64))
    """Who wrote: digits, or `<lid>@lid`. Of messages that came in; it counts while NEW or TAKEN."""
    raw: Mapped[bytes] = mapped_column(Raw)
    state: Mapped[str] = mapped_column(Word(10), default="NEW")
    """NEW, TAKEN, DONE, IGNORED, DEAD."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error: Mapped[str | None] = mapped_column(String(300))
    lease_token: Mapped[str | None] = mapped_column(Word(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
