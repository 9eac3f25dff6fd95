"""Writes down what was said in chats: the chats themselves, messages, edits, revokes, reactions.

Facts come in any order: what is told about a message before the message itself stands in a row
that the message fills in later, so that every order ends equally.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, insert, or_, select, tuple_, update

from services.chats.models import ChatMessage, ChatSession, InboundKey
from services.kit.insert_once import InsertOnce
from services.kit.statements import Hot

chats: Table = ChatSession.__table__  # type: ignore[assignment]
said: Table = ChatMessage.__table__  # type: ignore[assignment]
keys: Table = InboundKey.__table__  # type: ignore[assignment]

PREVIEW_CHARS = 200
KEY_CHARS = 160
WANTED, STORED, GONE, REFUSED = "WANTED", "STORED", "GONE", "REFUSED"
"""`media_state` of a message with a file."""
EARLY = "early"
"""In `extra` of a row whose message has not been told yet."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat to be opened: a person and a device."""

    tenant_id: int
    device_id: int
    contact_id: int
    phone: str | None
    lid: str | None
    """The digits before `@lid`."""


# --------------------------------------------------------------------------- doubles


def first_heard(
    connection: Connection, facts: Mapping[tuple[int, str], int], now: datetime
) -> dict[tuple[int, str], int]:
    """Note facts as heard, each by (device, key) -> event id; returns whose event each one is.

    A fact whose event is another one was heard before.
    """
    if not facts:
        return {}
    new = _HEARD.many(
        connection,
        [
            {"device_id": device_id, "key": key[:KEY_CHARS], "event_id": event_id, "seen_at": now}
            for (device_id, key), event_id in sorted(facts.items())
        ],
    )
    return dict(facts) if new == len(facts) else heard(connection, list(facts))


def heard(connection: Connection, facts: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Of these (device, key), whose event each one is; what was never heard is left out."""
    if not facts:
        return {}
    rows = _WHOSE.all(
        connection,
        {"facts": sorted({(device_id, key[:KEY_CHARS]) for device_id, key in facts})},
    )
    return {(row.device_id, row.key): row.event_id for row in rows}


_HEARD = InsertOnce(keys, ("device_id", "key"))
_WHOSE = Hot(
    select(keys.c.device_id, keys.c.key, keys.c.event_id).where(
        tuple_(keys.c.device_id, keys.c.key).in_(bindparam("facts", expanding=True))
    )
)

# --------------------------------------------------------------------------- chats


def at(connection: Connection, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Any]:
    """Of these (device, contact), the chats that are there."""
    if not places:
        return {}
    rows = _PLACES.all(connection, {"places": sorted(set(places))})
    return {(row.device_id, row.contact_id): row for row in rows}


def open_chats(
    connection: Connection, wanted: Sequence[Chat], now: datetime
) -> dict[tuple[int, int], Any]:
    """Make sure that these chats are there, with the addresses that are known by now."""
    by_place = {(chat.device_id, chat.contact_id): chat for chat in wanted}
    found = at(connection, by_place)
    fresh = [chat for place, chat in sorted(by_place.items()) if place not in found]
    if fresh:
        _NEW.many(connection, [_row(chat, now) for chat in fresh])
        found = at(connection, by_place)
    learnt = [
        {
            "chat": found[chat.device_id, chat.contact_id].id,
            "new_phone": chat.phone,
            "new_lid": chat.lid,
        }
        for chat in wanted
        if _is_news(chat, found[chat.device_id, chat.contact_id])
    ]
    if learnt:
        _LEARN.many(connection, learnt)
    return found


def _is_news(chat: Chat, row: Any) -> bool:
    return (row.phone is None and chat.phone is not None) or (
        chat.lid is not None and row.lid != chat.lid
    )


_PLACES = Hot(
    select(chats).where(
        tuple_(chats.c.device_id, chats.c.contact_id).in_(bindparam("places", expanding=True))
    )
)
_NEW = InsertOnce(chats, ("device_id", "contact_id"))
_LEARN = Hot(
    update(chats)
    .where(chats.c.id == bindparam("chat"))
    .values(
        phone=case(
            (chats.c.phone.is_(None), bindparam("new_phone", type_=chats.c.phone.type)),
            else_=chats.c.phone,
        ),
        lid=case(
            (
                bindparam("new_lid", type_=chats.c.lid.type).is_not(None),
                bindparam("new_lid", type_=chats.c.lid.type),
            ),
            else_=chats.c.lid,
        ),
    )
)


def _row(chat: Chat, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": chat.tenant_id,
        "device_id": chat.device_id,
        "contact_id": chat.contact_id,
        "phone": chat.phone,
        "lid": chat.lid,
        "mode": "BOT",
        "unread": 0,
        "memory": {},
        "created_at": now,
        "updated_at": now,
    }


def touch(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Move chats on: rows of chat, more (unread), shown (preview), said_at, inbound_at, now.

    A message older than what the chat shows changes neither its place nor its preview.
    """
    _TOUCH.many(connection, rows)


_AT = chats.c.last_message_at.type
_IS_NEWER = or_(
    chats.c.last_message_at.is_(None),
    chats.c.last_message_at <= bindparam("said_at", type_=_AT),
)
_TOUCH = Hot(
    update(chats)
    .where(chats.c.id == bindparam("chat"))
    .values(
        # In this order: MySQL sets one column after the other, and reads what it has set.
        preview=case(
            (_IS_NEWER, bindparam("shown", type_=chats.c.preview.type)), else_=chats.c.preview
        ),
        last_inbound_at=case(
            (
                or_(
                    chats.c.last_inbound_at.is_(None),
                    chats.c.last_inbound_at < bindparam("inbound_at", type_=_AT),
                ),
                bindparam("inbound_at", type_=_AT),
            ),
            else_=chats.c.last_inbound_at,
        ),
        unread=chats.c.unread + bindparam("more", type_=chats.c.unread.type),
        last_message_at=case(
            (_IS_NEWER, bindparam("said_at", type_=_AT)), else_=chats.c.last_message_at
        ),
        updated_at=bindparam("now"),
    )
)


def want_attention(connection: Connection, chat_ids: Sequence[int], why: str) -> None:
    """Mark that a person should look at these chats."""
    if chat_ids:
        connection.execute(
            update(chats).where(chats.c.id.in_(sorted(set(chat_ids)))).values(attention=why)
        )


# --------------------------------------------------------------------------- messages


def add_messages(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write messages down; a row that waits for its message is filled in."""
    if rows and _SAID.many(connection, rows) < len(rows):
        _fill_in(connection, rows)


def _fill_in(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Messages of which something was told before themselves."""
    by_place = {(row["session_id"], row["waha_message_id"]): row for row in rows}
    there = connection.execute(
        select(said).where(
            said.c.session_id.in_(sorted({chat_id for chat_id, _ in by_place})),
            said.c.waha_message_id.in_(sorted({bare_id for _, bare_id in by_place})),
        )
    ).all()
    for found in there:
        row = by_place.get((found.session_id, found.waha_message_id))
        if row is None or EARLY not in (found.extra or {}):
            continue
        extra = {**(row["extra"] or {}), **found.extra}
        del extra[EARLY]
        text = row["content"]
        if found.edited_at is not None:
            text, extra["before"] = found.content, text
        values = {**row, "content": text, "extra": extra or None}
        connection.execute(update(said).where(said.c.id == found.id).values(**values))


def combined(own: Any, other: Any) -> dict[str, Any]:
    """What two rows of one message say together; one of them may stand for it only."""
    first, second = (own, other) if EARLY not in (own.extra or {}) else (other, own)
    extra = {**(second.extra or {}), **(first.extra or {})}
    if EARLY in extra and EARLY not in (first.extra or {}):
        del extra[EARLY]
    reactions = {
        **((second.extra or {}).get("reactions") or {}),
        **((first.extra or {}).get("reactions") or {}),
    }
    if reactions:
        extra["reactions"] = reactions
    content, edited_at = first.content, first.edited_at
    if second.edited_at is not None and (edited_at is None or second.edited_at > edited_at):
        if edited_at is None:
            extra.setdefault("before", content)
        content, edited_at = second.content, second.edited_at
    kept = ("direction", "message_type", "media_url", "media", "media_state", "quoted_id")
    times = [at for at in (own.revoked_at, other.revoked_at) if at is not None]
    return {
        **{name: getattr(first, name) for name in kept},
        "is_from_bot": first.is_from_bot,
        "is_history": first.is_history,
        "timestamp": first.timestamp,
        "created_at": first.created_at,
        "content": content,
        "edited_at": edited_at,
        "revoked_at": min(times, default=None),
        "extra": extra or None,
    }


def edit(
    connection: Connection,
    tenant_id: int,
    chat_id: int,
    bare_id: str,
    text: str | None,
    at: datetime,
) -> None:
    """The latest edit counts; the first text is kept in `extra.before`."""
    row = _message(connection, chat_id, bare_id) or _early(
        connection, tenant_id, chat_id, bare_id, at
    )
    if row.edited_at is not None and row.edited_at >= at:
        return
    extra = dict(row.extra or {})
    if row.edited_at is None and EARLY not in extra:
        extra["before"] = row.content
    connection.execute(
        update(said)
        .where(said.c.id == row.id)
        .values(content=text, edited_at=at, extra=extra or None)
    )


def revoke(
    connection: Connection, tenant_id: int, chat_id: int, bare_id: str, at: datetime
) -> None:
    """The message was deleted for everyone; we keep what it said, and that it was taken back."""
    row = _message(connection, chat_id, bare_id) or _early(
        connection, tenant_id, chat_id, bare_id, at
    )
    if row.revoked_at is None or row.revoked_at > at:
        connection.execute(update(said).where(said.c.id == row.id).values(revoked_at=at))


def react(
    connection: Connection,
    tenant_id: int,
    chat_id: int,
    bare_id: str,
    who: str,
    emoji: str,
    at: datetime,
) -> None:
    """One reaction a person, the latest; an empty one takes it back."""
    row = _message(connection, chat_id, bare_id) or _early(
        connection, tenant_id, chat_id, bare_id, at
    )
    extra = dict(row.extra or {})
    reactions = dict(extra.get("reactions") or {})
    told = at.isoformat()
    if who in reactions and reactions[who]["at"] >= told:
        return
    reactions[who] = {"emoji": emoji, "at": told}
    extra["reactions"] = reactions
    connection.execute(update(said).where(said.c.id == row.id).values(extra=extra))


def _message(connection: Connection, chat_id: int, bare_id: str) -> Any:
    return connection.execute(
        select(said).where(said.c.session_id == chat_id, said.c.waha_message_id == bare_id)
    ).first()


def _early(connection: Connection, tenant_id: int, chat_id: int, bare_id: str, at: datetime) -> Any:
    connection.execute(
        insert(said),
        {
            "tenant_id": tenant_id,
            "session_id": chat_id,
            "waha_message_id": bare_id,
            "direction": "INBOUND",
            "message_type": "other",
            "is_from_bot": False,
            "is_history": False,
            "extra": {EARLY: True},
            "timestamp": at,
            "created_at": at,
        },
    )
    return _message(connection, chat_id, bare_id)


_SAID = InsertOnce(said, ("session_id", "waha_message_id"))
