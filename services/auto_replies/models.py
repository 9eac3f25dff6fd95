"""Keyword rules, when each last answered a person, and which state of the rules is the newest."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class AutoReply(Base):
    """One rule: what it listens for, when, and what it answers."""

    __tablename__ = "auto_replies"
    __table_args__ = (
        Index("ix_auto_replies_tenant_id_is_active", "tenant_id", "is_active", "priority"),
        Index("ix_auto_replies_keyword", "keyword"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100), default="")
    keyword: Mapped[str] = mapped_column(String(100))
    """The first keyword; a pattern where `match_type` is REGEX."""
    keywords: Mapped[list[str]] = mapped_column(Json, default=list)
    """Further spellings that count alike."""
    unless: Mapped[list[str]] = mapped_column(Json, default=list)
    need: Mapped[str] = mapped_column(Word(4), default="any")
    match_type: Mapped[str] = mapped_column(Word(12), default="CONTAINS")
    """EXACT, CONTAINS, STARTS_WITH, REGEX (spec); ENDS_WITH, WHOLE_WORD, FUZZY."""
    response_text: Mapped[str] = mapped_column(Text)
    media_url: Mapped[str | None] = mapped_column(String(500))
    """`media:<name>` of the tenant's media store."""
    media_type: Mapped[str | None] = mapped_column(Word(20))
    devices: Mapped[list[str]] = mapped_column(Json, default=list)
    """Names of the devices it is for; empty for all."""
    schedule: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """`hours` (a window rule), `from`, `until` (dates); empty for always."""
    cooldown_s: Mapped[int] = mapped_column(Integer, default=0)
    """Not again in the same chat within this time, seconds."""
    once: Mapped[str] = mapped_column(Word(6), default="no")
    """no, day (once a day in a chat), ever."""
    goes_on: Mapped[bool] = mapped_column(Boolean, default=False)
    """True: rules behind it are looked at too ("continue"); False: it ends the search."""
    action: Mapped[str] = mapped_column(Word(12), default="reply")
    """reply, or handover: reply and hand the chat to a person."""
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    priority: Mapped[int] = mapped_column(Integer, default=0)
    """The larger goes first."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AutoReplyUse(Base):
    """When a rule last answered a person."""

    __tablename__ = "auto_reply_uses"
    __table_args__ = (Index("ix_auto_reply_uses_used_at", "used_at"), TABLE_OPTIONS)

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("auto_replies.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    times: Mapped[int] = mapped_column(Integer, default=1)


class AutoReplyBook(Base):
    """One row a tenant: its version grows with every change of a rule, so that one look tells
    whether compiled rules are still good."""

    __tablename__ = "auto_reply_books"
    __table_args__ = (TABLE_OPTIONS,)

    tenant_id: Mapped[int] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(BigInteger, default=0)
