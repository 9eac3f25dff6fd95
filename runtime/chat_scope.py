"""The people and chats of a batch of runs, read once, and how flows see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from nodes.contract import Message
from runtime.ports import contact_values
from services.chats import takeover
from services.chats.models import ChatSession
from services.contacts.models import Contact, ContactTag, ContactTagLink
from services.devices.models import Device
from services.integrations.waha.addresses import phone_of
from services.kit.statements import Hot

contacts: Table = Contact.__table__  # type: ignore[assignment]
chats: Table = ChatSession.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
links: Table = ContactTagLink.__table__  # type: ignore[assignment]
tags: Table = ContactTag.__table__  # type: ignore[assignment]


@dataclass(slots=True)
class Met:
    """Contacts as flows see them, and rows of chat_sessions, both by id; devices' names by id."""

    contacts: dict[int | None, dict[str, Any]] = field(default_factory=dict)
    chats: dict[int | None, Any] = field(default_factory=dict)
    devices: dict[int, str] = field(default_factory=dict)

    def scope_of(self, row: Any, trigger: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """`chat` in a run's scope; empty for a run without one."""
        chat = self.chats.get(row.chat_session_id)
        if chat is None:
            return {}
        return {
            "id": chat.id,
            "mode": chat.mode,
            "bot_active": takeover.is_bot(chat, now),
            "chat_id": key_of(chat),
            "device": self.devices.get(chat.device_id),
            "phone": chat.phone,
            "is_new": bool(trigger.get("is_new")),
        }

    def is_to(self, row: Any, contact: Mapping[str, Any] | None, to: str) -> bool:
        """Whether a message goes to the run's own person."""
        if contact is not None and contact.get("phone") == to:
            return True
        chat = self.chats.get(row.chat_session_id)
        if chat is None:
            return False
        return (phone_of(to) or to) in (chat.phone, f"{chat.lid}@lid")

    def chat_id(self, row: Any, message: Message) -> int | None:
        """The chat a message to the run's own person belongs to."""
        chat = self.chats.get(row.chat_session_id)
        if chat is None or self.devices.get(chat.device_id) != message.device:
            return None
        return int(chat.id)


def key_of(chat: Any) -> str:
    """How a chat is called in all tables: digits, else `<digits>@lid`."""
    return str(chat.phone or f"{chat.lid}@lid")


def identity(row: Any, contact: Mapping[str, Any] | None, chat: Mapping[str, Any]) -> str:
    """Who the run is about, for choices that must come out alike whenever they are made."""
    if contact and contact.get("phone"):
        return str(contact["phone"])
    if chat:
        return str(chat["chat_id"])
    return str(contact.get("phone")) if contact else str(row.item_key or row.id)


def meet(connection: Connection, rows: Sequence[Any]) -> Met:
    """Read the people and chats of claimed runs; a campaign's elements bring theirs along."""
    own = [row for row in rows if row.campaign_log_id is None]
    met = Met()
    chat_ids = {row.chat_session_id for row in own if row.chat_session_id is not None}
    if chat_ids:
        found = _CHATS.all(connection, {"ids": sorted(chat_ids)})
        met.chats = {row.id: row for row in found}
        device_ids = sorted({row.device_id for row in found})
        if device_ids:
            named = _DEVICES.all(connection, {"ids": device_ids})
            met.devices = {row.id: row.session_name for row in named}
    people = {row.identity_id for row in own if row.identity_id is not None}
    met.contacts = values_of(connection, sorted(people))
    return met


def values_of(connection: Connection, contact_ids: Sequence[int]) -> dict[int | None, Any]:
    """Contacts as flows see them, by id."""
    if not contact_ids:
        return {}
    found = _CONTACTS.all(connection, {"ids": list(contact_ids)})
    tags_of: dict[int, list[str]] = {}
    for row in _TAGS.all(connection, {"ids": list(contact_ids)}):
        tags_of.setdefault(row.contact_id, []).append(row.name)
    return {row.id: contact_values(row, tags_of) for row in found}


_CHATS = Hot(select(chats).where(chats.c.id.in_(bindparam("ids", expanding=True))))
_DEVICES = Hot(
    select(devices.c.id, devices.c.session_name).where(
        devices.c.id.in_(bindparam("ids", expanding=True))
    )
)
_CONTACTS = Hot(select(contacts).where(contacts.c.id.in_(bindparam("ids", expanding=True))))
_TAGS = Hot(
    select(links.c.contact_id, tags.c.name)
    .join(tags, tags.c.id == links.c.tag_id)
    .where(links.c.contact_id.in_(bindparam("ids", expanding=True)))
    .order_by(tags.c.name)
)
