"""The blacklist."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, UtcDateTime, Word


class Blacklisted(Base):
    """A person broadcasts must not reach. MANUAL and SPAM_REPORT silence replies too.

    `reason` is one of `services.blacklist.reasons.Reason`.
    """

    __tablename__ = "blacklist"
    __table_args__ = (
        UniqueConstraint("tenant_id", "phone"),
        Index("ix_blacklist_phone", "phone"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    phone: Mapped[str] = mapped_column(Word(40))
    """E.164 digits, or a LID where the phone is hidden."""
    reason: Mapped[str] = mapped_column(Word(20), default="UNSUBSCRIBE")
    source_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
