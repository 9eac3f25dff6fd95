"""Answers that come too late stay here: the chat asks for a person, and the owner hears of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, exists, select, update

from services.accounts.models import Tenant
from services.chats.models import ChatSession
from services.contacts.models import Contact
from services.devices.models import Device
from services.kit.clock import Clock
from services.messages import limits
from services.messages.ledger import NOTICE, NewMessage, enqueue, messages

chats: Table = ChatSession.__table__  # type: ignore[assignment]
contacts: Table = Contact.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
tenants: Table = Tenant.__table__  # type: ignore[assignment]

STALE = "stale"
ANSWERS = ("REPLY", "HUMAN")
"""Origins that are worth nothing when they come much too late."""
STALE_REPLY, STALE_SEND = "stale_reply", "stale_send"
"""What the chat then says: the bot's answer, or a person's, did not leave in time."""
NODE = "stale-notice"
_STATUSES = ("PENDING", "SENDING", "AMBIGUOUS", "SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN")


def tell(connection: Connection, late: Sequence[Row[Any]], clock: Clock, now: datetime) -> None:
    """Mark the chats of these messages, and write to each owner, at most once an hour."""
    said = [message for message in late if message.kind in ("text", "media")]
    for word, origin in ((STALE_REPLY, "REPLY"), (STALE_SEND, "HUMAN")):
        ids = {
            message.chat_session_id
            for message in said
            if message.origin == origin and message.chat_session_id is not None
        }
        if ids:
            connection.execute(
                update(chats)
                .where(chats.c.id.in_(sorted(ids)))
                .values(attention=word, updated_at=now)
            )
    first_of: dict[int, Row[Any]] = {}
    for message in said:
        first_of.setdefault(message.tenant_id, message)
    for message in first_of.values():
        _tell_owner(connection, message, clock, now)


def _tell_owner(connection: Connection, message: Row[Any], clock: Clock, now: datetime) -> None:
    owner = connection.execute(
        select(tenants.c.owner_phone).where(tenants.c.id == message.tenant_id)
    ).scalar()
    if not owner or owner == message.chat_key or _was_told(connection, message, clock, now):
        return
    name = connection.execute(
        select(contacts.c.name).where(
            contacts.c.id == message.identity_id, contacts.c.tenant_id == message.tenant_id
        )
    ).scalar()
    enqueue(
        connection,
        [
            NewMessage(
                tenant_id=message.tenant_id,
                device_id=message.device_id,
                origin="NOTICE",
                kind="text",
                priority=NOTICE,
                chat_key=owner,
                body=_text(name or _shown(message.chat_key)),
                node_id=NODE,
            )
        ],
        now,
    )


def _was_told(connection: Connection, message: Row[Any], clock: Clock, now: datetime) -> bool:
    """Found in the lanes of the account: notices have a priority of their own in their index."""
    lanes_of_tenant = select(devices.c.id).where(devices.c.tenant_id == message.tenant_id)
    since = now - clock.span(limits.STALE_NOTICE_AGAIN_S)
    return bool(
        connection.execute(
            select(
                exists().where(
                    messages.c.device_id.in_(lanes_of_tenant),
                    messages.c.status.in_(_STATUSES),
                    messages.c.priority == NOTICE,
                    messages.c.not_before > since,
                    messages.c.node_id == NODE,
                )
            )
        ).scalar()
    )


def _shown(chat_key: str) -> str:
    return f"+{chat_key}" if chat_key.isdecimal() else chat_key


def _text(who: str) -> str:
    return (
        f"Balasan untuk {who} tidak terkirim karena terlambat lebih dari 10 menit. "
        "Buka Kotak Masuk: mungkin ada chat lain yang juga belum terjawab."
    )
