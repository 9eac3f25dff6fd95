"""Queries of chats, and of what was said in them by both sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.orm import Session

from domain.states import ChatMode
from services.accounts.models import User
from services.campaigns.models import CampaignLog
from services.chats.cursors import Cursor
from services.chats.models import ChatMessage, ChatSession
from services.contacts.models import Contact, ContactIdentity
from services.devices.models import Device
from services.messages.models import OutboundMessage

chats: Table = ChatSession.__table__  # type: ignore[assignment]
messages: Table = OutboundMessage.__table__  # type: ignore[assignment]

THEIRS, OURS = "i", "o"
"""Where a message of a chat stands: among those that came in, or in the ledger of sends."""


@dataclass(frozen=True, slots=True)
class ChatView:
    """A chat with its person, its device and whoever it is assigned to."""

    chat: ChatSession
    contact: Contact
    device: Device
    agent: User | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which chats are wanted; None: all. `phone_prefix` beside `search`: either fits."""

    search: str | None = None
    phone_prefix: str | None = None
    mode: ChatMode | None = None
    unread: bool | None = None
    attention: bool | None = None
    device: str | None = None
    assigned_to: int | None = None


def _views(tenant_id: int) -> Select[ChatSession, Contact, Device, User]:
    return (
        select(ChatSession, Contact, Device, User)
        .join(Contact, Contact.id == ChatSession.contact_id)
        .join(Device, Device.id == ChatSession.device_id)
        .outerjoin(User, User.id == ChatSession.assigned_to)
        .where(ChatSession.tenant_id == tenant_id)
    )


def list_chats(
    session: Session,
    tenant_id: int,
    asked: Asked,
    after: Cursor | None,
    limit: int,
    now: datetime,
) -> list[ChatView]:
    """Those with the newest message first; chats without any message come last."""
    at = ChatSession.last_message_at
    query = _views(tenant_id)
    if asked.search:
        typed = asked.search.lower()
        fits = [
            func.lower(Contact.name).contains(typed, autoescape=True),
            func.lower(ChatSession.preview).contains(typed, autoescape=True),
        ]
        if asked.phone_prefix:
            fits.append(ChatSession.phone.startswith(asked.phone_prefix, autoescape=True))
            fits.append(ChatSession.lid.startswith(asked.phone_prefix, autoescape=True))
        query = query.where(or_(*fits))
    if asked.mode is not None:
        query = query.where(_is_in(asked.mode, now))
    if asked.unread is not None:
        query = query.where(ChatSession.unread > 0 if asked.unread else ChatSession.unread == 0)
    if asked.attention is not None:
        waits = ChatSession.attention.is_not(None)
        query = query.where(waits if asked.attention else ~waits)
    if asked.device is not None:
        query = query.where(Device.session_name == asked.device)
    if asked.assigned_to is not None:
        query = query.where(ChatSession.assigned_to == asked.assigned_to)
    if after is not None and after.at is None:
        query = query.where(at.is_(None), ChatSession.id < after.id)
    elif after is not None:
        query = query.where(
            or_(at < after.at, and_(at == after.at, ChatSession.id < after.id), at.is_(None))
        )
    # Both databases count NULL as the smallest.
    rows = session.execute(query.order_by(at.desc(), ChatSession.id.desc()).limit(limit))
    return [ChatView(*row) for row in rows]


def _is_in(mode: ChatMode, now: datetime) -> ColumnElement[bool]:
    """HUMAN whose time is past counts as BOT, before the sweep has written it back too."""
    past = and_(ChatSession.mode == ChatMode.HUMAN.value, ChatSession.human_until <= now)
    if mode is ChatMode.BOT:
        return or_(ChatSession.mode == mode.value, past)
    if mode is ChatMode.HUMAN:
        open_end = ChatSession.human_until.is_(None)
        return and_(ChatSession.mode == mode.value, or_(open_end, ChatSession.human_until > now))
    return ChatSession.mode == mode.value


def chats_of(
    session: Session, tenant_id: int, keys: Sequence[str], device: str | None
) -> list[ChatView]:
    """The chats of whoever is known by one of these addresses, one for each device."""
    people = union(
        select(ContactIdentity.contact_id).where(
            ContactIdentity.tenant_id == tenant_id, ContactIdentity.value.in_(keys)
        ),
        select(Contact.id).where(Contact.tenant_id == tenant_id, Contact.phone.in_(keys)),
    ).subquery()
    query = _views(tenant_id).where(
        ChatSession.device_id.in_(select(Device.id).where(Device.tenant_id == tenant_id)),
        ChatSession.contact_id.in_(select(people.c[0])),
    )
    if device is not None:
        query = query.where(Device.session_name == device)
    return [ChatView(*row) for row in session.execute(query.order_by(ChatSession.id))]


def view(session: Session, tenant_id: int, chat_id: int) -> ChatView:
    """A chat that is known to be there, as it is now."""
    session.expire_all()
    return ChatView(*session.execute(_views(tenant_id).where(ChatSession.id == chat_id)).one())


def said(
    session: Session, tenant_id: int, chat_id: int, before: Cursor | None, limit: int
) -> Sequence[ChatMessage]:
    """What came in, and what was typed on the phone; newest first."""
    query = select(ChatMessage).where(
        ChatMessage.tenant_id == tenant_id, ChatMessage.session_id == chat_id
    )
    if before is not None:
        query = query.where(_older(ChatMessage.timestamp, ChatMessage.id, before, THEIRS))
    return session.scalars(
        query.order_by(ChatMessage.timestamp.desc(), ChatMessage.id.desc()).limit(limit)
    ).all()


def sent(
    session: Session, tenant_id: int, chat: ChatSession, before: Cursor | None, limit: int
) -> Sequence[Row[Any]]:
    """Our messages to this person through this device, answers and broadcasts; newest first.

    Rows of outbound_messages with `at`: when it left, or was written while it has not.
    """
    at = func.coalesce(messages.c.sent_at, messages.c.created_at, type_=messages.c.sent_at.type)
    campaigns_of_person = select(CampaignLog.campaign_id).where(
        CampaignLog.contact_id == chat.contact_id, CampaignLog.tenant_id == tenant_id
    )
    # Two ways to find them, each with an index of its own.
    ids = union(
        select(messages.c.id).where(messages.c.chat_session_id == chat.id),
        select(messages.c.id).where(
            messages.c.campaign_id.in_(campaigns_of_person),
            messages.c.identity_id == chat.contact_id,
            messages.c.device_id == chat.device_id,
        ),
    ).subquery()
    query = (
        select(messages, at.label("at"))
        .join(ids, ids.c.id == messages.c.id)
        .where(messages.c.tenant_id == tenant_id, messages.c.kind.in_(("text", "media")))
    )
    if before is not None:
        query = query.where(_older(at, messages.c.id, before, OURS))
    return session.execute(query.order_by(at.desc(), messages.c.id.desc()).limit(limit)).all()


def _older(at: Any, row_id: Any, before: Cursor, source: str) -> ColumnElement[bool]:
    """Rows that come after the cursor in a list of (time, source, id), newest first."""
    if source == before.source:
        return or_(at < before.at, and_(at == before.at, row_id < before.id))
    if source < before.source:
        return at <= before.at  # type: ignore[no-any-return]
    return at < before.at  # type: ignore[no-any-return]


def one_sent(session: Session, tenant_id: int, message_id: int) -> Row[Any]:
    return session.execute(
        select(messages, messages.c.created_at.label("at")).where(
            messages.c.tenant_id == tenant_id, messages.c.id == message_id
        )
    ).one()


def newest_of_chat(session: Session, tenant_id: int, chat_id: int) -> int:
    """The id of the message that was written for this chat last."""
    found = session.scalar(
        select(func.max(messages.c.id)).where(
            messages.c.chat_session_id == chat_id, messages.c.tenant_id == tenant_id
        )
    )
    assert found is not None
    return int(found)


def change(session: Session, tenant_id: int, chat_id: int, values: dict[str, Any]) -> None:
    session.execute(
        update(chats).where(chats.c.tenant_id == tenant_id, chats.c.id == chat_id).values(**values)
    )


def is_agent(session: Session, tenant_id: int, user_id: int) -> bool:
    """Whether this user of the tenant can be given chats."""
    found = session.scalar(
        select(literal(1)).where(
            User.tenant_id == tenant_id, User.id == user_id, User.is_active.is_(True)
        )
    )
    return found is not None
