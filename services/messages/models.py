"""The ledger of sends: one row per message, whoever asked for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Computed,
    Float,
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


class OutboundMessage(Base):
    """A message on its way, or gone.

    `device_slot` is what forbids two sends at once on a device: it holds the device while the
    message is SENDING, and while it is AMBIGUOUS until its in-flight bound or evidence
    (`slot_held`). MySQL allows no cascade on a column that a generated one reads, so devices are
    RESTRICT and soft-deleted.
    """

    __tablename__ = "outbound_messages"
    __table_args__ = (
        UniqueConstraint("run_id", "node_id", "pass_no"),
        UniqueConstraint("campaign_id", "identity_id", "node_id", "pass_no"),
        UniqueConstraint("device_id", "wa_msg_id"),
        UniqueConstraint("device_slot"),
        Index("ix_outbound_messages_lane", "device_id", "status", "priority", "not_before", "id"),
        Index("ix_outbound_messages_settle", "status", "reconcile_after"),
        Index("ix_outbound_messages_sent_at", "sent_at"),
        Index("ix_outbound_messages_chat_session_id", "chat_session_id", "id"),
        Index("ix_outbound_messages_campaign_id_status", "campaign_id", "status"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="RESTRICT"))
    origin: Mapped[str] = mapped_column(Word(12))
    """BROADCAST, REPLY, HUMAN, TEST, NOTICE."""
    kind: Mapped[str] = mapped_column(Word(8))
    """text, media, typing, seen."""
    priority: Mapped[int] = mapped_column(SmallInteger)
    campaign_id: Mapped[int | None] = mapped_column(Id)
    campaign_log_id: Mapped[int | None] = mapped_column(Id)
    run_id: Mapped[int | None] = mapped_column(Id)
    node_id: Mapped[str] = mapped_column(Word(40), default="")
    pass_no: Mapped[int] = mapped_column(SmallInteger, default=1)
    identity_id: Mapped[int | None] = mapped_column(Id)
    """The person: contacts.id."""
    chat_session_id: Mapped[int | None] = mapped_column(Id)
    """The chat an answer belongs to; NULL for broadcasts."""
    chat_key: Mapped[str] = mapped_column(Word(64))
    """E.164 digits, or a LID or chat id as WhatsApp spells it."""
    is_cold: Mapped[bool] = mapped_column(Boolean, default=False)
    """The person has never written to this device: counts against its budget of new chats."""
    status: Mapped[str] = mapped_column(Word(12), default="PENDING")
    reason: Mapped[str | None] = mapped_column(Word(60))
    last_error: Mapped[str | None] = mapped_column(String(300))
    ack_level: Mapped[int] = mapped_column(SmallInteger, default=0)
    body: Mapped[str] = mapped_column(Text, default="")
    body_hash: Mapped[str] = mapped_column(Word(32), default="")
    media: Mapped[dict[str, Any] | None] = mapped_column(Json)
    recipe: Mapped[dict[str, Any] | None] = mapped_column(Json)
    variant: Mapped[str | None] = mapped_column(String(200))
    link_preview: Mapped[bool] = mapped_column(Boolean, default=False)
    typing_s: Mapped[float] = mapped_column(Float, default=0.0)
    gap_min_s: Mapped[float] = mapped_column(Float, default=0.0)
    gap_max_s: Mapped[float] = mapped_column(Float, default=0.0)
    wa_msg_id: Mapped[str | None] = mapped_column(Word(100))
    """Ours where the engine takes one, written before the call; else what WAHA answered."""
    wa_id_ours: Mapped[bool] = mapped_column(Boolean, default=False)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    attempt_token: Mapped[str | None] = mapped_column(Word(32))
    slot_held: Mapped[bool] = mapped_column(Boolean, default=False)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it should have left; a reply much later than this is stale."""
    rendered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ambiguous_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reconcile_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lookups: Mapped[int] = mapped_column(SmallInteger, default=0)
    resends: Mapped[int] = mapped_column(SmallInteger, default=0)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    device_slot: Mapped[int | None] = mapped_column(
        Id,
        Computed(
            "CASE WHEN status = 'SENDING' OR (status = 'AMBIGUOUS' AND slot_held = 1) "
            "THEN device_id END",
            persisted=True,
        ),
    )


class EarlyAck(Base):
    """An ack or echo whose message we do not know (yet): evidence for 24 h."""

    __tablename__ = "early_acks"
    __table_args__ = (Index("ix_early_acks_seen_at", "seen_at"), TABLE_OPTIONS)

    device_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    wa_msg_id: Mapped[str] = mapped_column(Word(100), primary_key=True)
    ack_level: Mapped[int] = mapped_column(SmallInteger)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
