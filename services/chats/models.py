"""Chats, what was said in them, and what keeps a message from being taken twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class ChatSession(Base):
    """A person (or a group) and a device. Who answers: the bot, a human until a time, nobody."""

    __tablename__ = "chat_sessions"
    __table_args__ = (
        UniqueConstraint("device_id", "contact_id"),
        Index("ix_chat_sessions_device_id_phone", "device_id", "phone"),
        Index("ix_chat_sessions_device_id_lid", "device_id", "lid"),
        Index("ix_chat_sessions_tenant_id_last_message_at", "tenant_id", "last_message_at", "id"),
        Index("ix_chat_sessions_mode_human_until", "mode", "human_until"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="RESTRICT"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    phone: Mapped[str | None] = mapped_column(Word(40))
    """E.164 digits; NULL while only a LID is known."""
    lid: Mapped[str | None] = mapped_column(Word(40))
    """The digits before `@lid`."""
    mode: Mapped[str] = mapped_column(Word(8), default="BOT")
    """BOT, HUMAN, MUTED."""
    mode_reason: Mapped[str | None] = mapped_column(Word(40))
    """phone (answered on the phone), handed_over, agent, loop, asked."""
    human_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the bot comes back by itself; NULL in HUMAN: never."""
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    unread: Mapped[int] = mapped_column(Integer, default=0)
    attention: Mapped[str | None] = mapped_column(Word(40))
    """Why a person should look: handed_over, unanswered, stale_reply, loop; NULL: all is well."""
    preview: Mapped[str | None] = mapped_column(String(200))
    last_message_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_inbound_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    memory: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """Small things the bot remembers of this chat: when a rule or a default text was last used."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChatMessage(Base):
    """What came in, and what people sent on the phone; our own sends stand in the ledger."""

    __tablename__ = "chat_messages"
    __table_args__ = (
        UniqueConstraint("session_id", "waha_message_id"),
        Index("ix_chat_messages_session_id_timestamp", "session_id", "timestamp", "id"),
        Index("ix_chat_messages_timestamp", "timestamp"),
        Index("ix_chat_messages_media_state", "media_state"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    session_id: Mapped[int] = mapped_column(ForeignKey("chat_sessions.id", ondelete="CASCADE"))
    waha_message_id: Mapped[str] = mapped_column(Word(100))
    """The bare id."""
    direction: Mapped[str] = mapped_column(Word(10))
    """INBOUND, OUTBOUND (typed on the phone)."""
    message_type: Mapped[str] = mapped_column(Word(10), default="text")
    content: Mapped[str | None] = mapped_column(Text)
    """Text, or the caption."""
    media_url: Mapped[str | None] = mapped_column(String(500))
    """`media:<name>` of the tenant's media store, once it was fetched."""
    media: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the engine said of the file: mimetype, filename, path."""
    media_state: Mapped[str | None] = mapped_column(Word(12))
    """WANTED, STORED, GONE, REFUSED; NULL without a file."""
    quoted_id: Mapped[str | None] = mapped_column(Word(100))
    is_from_bot: Mapped[bool] = mapped_column(Boolean, default=False)
    is_history: Mapped[bool] = mapped_column(Boolean, default=False)
    """Taken over from the phone when it was paired; started nothing."""
    extra: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Location, contact cards, reactions by person, the text before an edit."""
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    timestamp: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it was written, as WhatsApp says."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InboundKey(Base):
    """One business fact a device reported: whoever reports it again is not heard."""

    __tablename__ = "inbound_keys"
    __table_args__ = (Index("ix_inbound_keys_seen_at", "seen_at"), TABLE_OPTIONS)

    device_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Word(160), primary_key=True)
    """message|<bare id>, edit|<id>|<time>, revoke|<id>, reaction|<id> ..."""
    event_id: Mapped[int] = mapped_column(Id)
    """The delivery that told it first: webhook_events.id."""
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
