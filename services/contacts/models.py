"""Contacts, the addresses they are known by, tags and imports."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word


class Contact(Base):
    """One person of a tenant. The row is the canonical identity: sends are unique per person."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "phone"),
        Index("ix_contacts_phone", "phone"),
        Index("ix_contacts_source", "source"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    phone: Mapped[str | None] = mapped_column(Word(20))
    """E.164 digits without plus; NULL while only a LID is known."""
    name: Mapped[str | None] = mapped_column(String(100))
    source: Mapped[str | None] = mapped_column(String(100))
    fields: Mapped[dict[str, Any]] = mapped_column("metadata", Json, default=dict)
    zone: Mapped[str | None] = mapped_column(Word(40))
    last_device_id: Mapped[int | None] = mapped_column(Id)
    """The device this person last talked with (sticky routing)."""
    last_inbound_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    is_saved: Mapped[bool] = mapped_column(Boolean, default=True, server_default="1")
    """False: somebody who wrote, or was written to, and whom nobody has saved as a contact."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContactIdentity(Base):
    """An address of a person: a phone number or a LID."""

    __tablename__ = "contact_identities"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "value"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(Word(10))
    value: Mapped[str] = mapped_column(Word(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContactTag(Base):
    __tablename__ = "contact_tags"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(50))
    color: Mapped[str] = mapped_column(Word(7), default="#3B82F6")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContactTagLink(Base):
    __tablename__ = "contact_tag_links"
    __table_args__ = (
        Index("ix_contact_tag_links_tag_id_contact_id", "tag_id", "contact_id"),
        TABLE_OPTIONS,
    )

    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        ForeignKey("contact_tags.id", ondelete="CASCADE"), primary_key=True
    )


class Import(Base):
    """One file of contacts and what became of each of its rows."""

    __tablename__ = "imports"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(Word(20), default="RUNNING")
    error: Mapped[str | None] = mapped_column(String(500))
    rows: Mapped[int] = mapped_column(Integer, default=0)
    totals: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """created, updated, unchanged, merged, blank, rejected, rejected_by_reason."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportRejection(Base):
    """A row of a file that was not taken, as it stood there, and why."""

    __tablename__ = "import_rejections"
    __table_args__ = (TABLE_OPTIONS,)

    import_id: Mapped[int] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(Word(60))
    raw: Mapped[str] = mapped_column(Text)
