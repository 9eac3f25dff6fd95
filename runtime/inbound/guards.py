"""Keeps the bot from talking with another bot for ever, and from answering what is long past."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select

from runtime.inbound.reading import Heard
from services.chats.models import ChatMessage
from services.kit.clock import Clock
from services.kit.statements import Hot
from services.messages.models import OutboundMessage

messages: Table = OutboundMessage.__table__  # type: ignore[assignment]
said: Table = ChatMessage.__table__  # type: ignore[assignment]

LOOP_MESSAGES, LOOP_S = 10, 600.0
"""So many messages of the bot within so long in one chat are a loop."""
SAME_TIMES, SAME_S, FAST_S = 3, 60.0, 5.0
"""The same text so often within so long, each but the first so soon after an answer: a bot."""
MUTE_S = 3600.0
STALE_S = 600.0
STALE_FLOOR_S = 30.0
"""Not scaled below: WhatsApp's times have whole seconds."""


def is_backlog(sent_at: datetime, now: datetime, clock: Clock) -> bool:
    """Whether a message is too old to be answered by itself."""
    return now - sent_at > timedelta(seconds=max(clock.seconds(STALE_S), STALE_FLOOR_S))


def looping(
    connection: Connection, incoming: Sequence[Heard], now: datetime, clock: Clock
) -> set[int]:
    """The chats (ids) in which the bot has to stop."""
    busy = {
        one.chat.id
        for one in incoming
        if one.chat is not None
        and one.chat.last_inbound_at is not None
        and one.chat.last_inbound_at >= now - clock.span(LOOP_S)
    }
    if not busy:
        return set()
    since = now - clock.span(LOOP_S)
    counted = _BOT_SAID.all(connection, {"chats": sorted(busy), "since": since})
    found = {row.chat_session_id for row in counted if row.said >= LOOP_MESSAGES}
    answered = {row.chat_session_id for row in counted if row.said >= SAME_TIMES - 1} - found
    by_chat: dict[int, list[Heard]] = {}
    for one in incoming:
        if one.chat is not None and one.chat.id in answered:
            by_chat.setdefault(one.chat.id, []).append(one)
    if by_chat:
        found |= _parrots(connection, by_chat, now, clock)
    return found


def _parrots(
    connection: Connection, by_chat: Mapping[int, Sequence[Heard]], now: datetime, clock: Clock
) -> set[int]:
    since = now - clock.span(SAME_S)
    values = {"chats": sorted(by_chat), "since": since}
    earlier: dict[int, list[Any]] = {}
    for row in _SAID.all(connection, values):
        earlier.setdefault(row.session_id, []).append((row.content, row.created_at))
    answers: dict[int, list[datetime]] = {}
    for row in _ANSWERS.all(connection, values):
        answers.setdefault(row.chat_session_id, []).append(row.sent_at)
    found = set()
    for chat_id, ones in by_chat.items():
        heard = earlier.get(chat_id, []) + [
            (getattr(one.event, "text", None), one.row.received_at) for one in ones
        ]
        text = heard[-1][0]
        times = sorted(at for content, at in heard if content == text and text)
        fast = clock.span(FAST_S)
        quick = sum(
            any(timedelta(0) < at - sent <= fast for sent in answers.get(chat_id, ()))
            for at in times[1:]
        )
        if len(times) >= SAME_TIMES and quick >= SAME_TIMES - 1:
            found.add(chat_id)
    return found


_BOT_SAID = Hot(
    select(messages.c.chat_session_id, func.count().label("said"))
    .where(
        messages.c.chat_session_id.in_(bindparam("chats", expanding=True)),
        messages.c.created_at >= bindparam("since"),
        messages.c.origin == "REPLY",
        messages.c.kind.in_(("text", "media")),
    )
    .group_by(messages.c.chat_session_id)
)
_SAID = Hot(
    select(said.c.session_id, said.c.content, said.c.created_at)
    .where(
        said.c.session_id.in_(bindparam("chats", expanding=True)),
        said.c.timestamp >= bindparam("since"),
        said.c.direction == "INBOUND",
    )
    .order_by(said.c.id)
)
_ANSWERS = Hot(
    select(messages.c.chat_session_id, messages.c.sent_at).where(
        messages.c.chat_session_id.in_(bindparam("chats", expanding=True)),
        messages.c.created_at >= bindparam("since"),
        messages.c.origin == "REPLY",
        messages.c.sent_at.is_not(None),
    )
)
