"""The inbox: find chats, read what was said, answer, and decide who answers."""

from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from domain.phone import Phone, PhoneKind, parse, search_prefix
from domain.states import ChatMode
from services.blacklist import opt_out
from services.blacklist.reasons import silences_replies
from services.chats import repository, takeover
from services.chats.cursors import Cursor, read_cursor
from services.chats.models import ChatMessage
from services.chats.repository import OURS, THEIRS, Asked, ChatView
from services.kit.after_commit import ring_after
from services.kit.clock import Clock
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound
from services.media import repository as media_files
from services.messages.ledger import HUMAN, NewMessage, enqueue

SEND_DUE = "runtime.send_due"
CHATS = "c"
"""The one list that cursors of chats know."""
MEDIA = "media:"
PREVIEW_CHARS = 200
SEEN = ("unanswered", "stale_reply", "stale_send", "loop")
"""What asks for attention only until somebody has looked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a chat: a row of chat_messages, or one of our own ledger."""

    at: datetime
    source: str
    id: int
    row: ChatMessage | Row[Any]

    @property
    def place(self) -> tuple[datetime, str, int]:
        return self.at, self.source, self.id


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person wants to say: a text, a file of the media library, or both."""

    text: str
    media: str | None = None


def list_chats(
    session: Session,
    tenant_id: int,
    asked: Asked,
    after: str | None,
    limit: int,
    now: datetime,
) -> tuple[list[ChatView], str | None]:
    """A page of chats, the newest first, and where the next one begins."""
    found = repository.list_chats(session, tenant_id, asked, read_cursor(after, CHATS), limit, now)
    if len(found) < limit:
        return found, None
    last = found[-1].chat
    return found, str(Cursor(last.last_message_at, CHATS, last.id))


def asked_for(search: str | None, **others: Any) -> Asked:
    """`search` as people type it: a part of a name or of the last text, or a number's beginning."""
    prefix = search_prefix(search) if search else None
    return Asked(search=search or None, phone_prefix=prefix, **others)


def find(session: Session, tenant_id: int, address: str, device: str | None) -> ChatView:
    """The chat with this phone, LID or WhatsApp chat id.

    Raises: NotFound, and Conflict with the choices when several devices have a chat with them.
    """
    found = repository.chats_of(session, tenant_id, _keys(address), device)
    if not found:
        raise NotFound("There is no chat with this number.", hint="Check the number.")
    if len(found) > 1:
        raise Conflict(
            "Several of your numbers have a chat with this person.",
            code="several_chats",
            hint="Say which one: ?device= and one of these names.",
            problems=[
                FieldProblem(
                    "device", one.device.session_name, one.device.display_name or "without a name"
                )
                for one in found
            ],
        )
    return found[0]


def _keys(address: str) -> list[str]:
    """What the person may be known by; bare digits that are no number may be a LID."""
    found = parse(address)
    if isinstance(found, Phone):
        return [f"{found.digits}@lid" if found.kind is PhoneKind.LID else found.digits]
    digits = address.strip().removeprefix("+")
    if digits.isascii() and digits.isdecimal() and len(digits) <= 20:
        return [digits, f"{digits}@lid"]
    raise NotFound(
        "There is no chat with this number.",
        hint="Use a phone number, or an id such as 123456@lid.",
    )


def messages(
    session: Session, tenant_id: int, view: ChatView, after: str | None, limit: int
) -> tuple[list[Entry], str | None]:
    """What both sides said, newest first, and where the next page begins."""
    before = read_cursor(after, THEIRS + OURS)
    if before is not None and before.at is None:
        raise Invalid("This is no place to go on from.")
    theirs = repository.said(session, tenant_id, view.chat.id, before, limit)
    ours = repository.sent(session, tenant_id, view.chat, before, limit)
    both = merge(
        (Entry(row.timestamp, THEIRS, row.id, row) for row in theirs),
        (Entry(row.at, OURS, row.id, row) for row in ours),
        key=lambda entry: entry.place,
        reverse=True,
    )
    page = [entry for entry, _ in zip(both, range(limit), strict=False)]
    if len(page) < limit:
        return page, None
    return page, str(Cursor(page[-1].at, page[-1].source, page[-1].id))


def send(
    session: Session, tenant_id: int, view: ChatView, answer: Answer, clock: Clock, now: datetime
) -> Entry:
    """Write a person's answer into the device's lane, before all others; the bot is quiet then.

    One that could not leave for too long is not sent any more: it stands there as SKIPPED(stale),
    and the chat asks for attention.
    Raises: Conflict for a removed device or a person who must not be written to, Invalid for a
    file that is not there.
    """
    chat = view.chat
    if view.device.deleted_at is not None:
        raise Conflict("The number of this chat was removed.", code="device_removed")
    connection = session.connection()
    addresses = opt_out.addresses_of(connection, tenant_id, chat)
    if any(map(silences_replies, opt_out.reasons_of(connection, tenant_id, addresses))):
        raise Conflict(
            "This person is on the blacklist.",
            code="blacklisted",
            hint="Take them off the blacklist first, if they want to hear from you.",
        )
    media = _media(session, tenant_id, answer.media)
    enqueue(
        connection,
        [
            NewMessage(
                tenant_id=tenant_id,
                device_id=chat.device_id,
                origin="HUMAN",
                kind="text" if media is None else "media",
                priority=HUMAN,
                chat_key=chat.phone or addresses[0],
                body=answer.text,
                media=media,
                identity_id=chat.contact_id,
                chat_session_id=chat.id,
            )
        ],
        now,
    )
    takeover.human_answered(connection, [chat.id], clock, now, takeover.BY_AGENT)
    shown = answer.text or (media or {}).get("filename") or ""
    repository.change(
        session,
        tenant_id,
        chat.id,
        {"preview": shown[:PREVIEW_CHARS], "last_message_at": now, "updated_at": now},
    )
    ring_after(session, SEND_DUE)
    row = repository.one_sent(
        session, tenant_id, repository.newest_of_chat(session, tenant_id, chat.id)
    )
    return Entry(row.at, OURS, row.id, row)


def _media(session: Session, tenant_id: int, reference: str | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    row = media_files.named(session.connection(), tenant_id, reference.removeprefix(MEDIA))
    if row is None:
        problem = "There is no such file in the media library."
        hint = "Upload it first, and use its `reference`."
        raise Invalid(problem, hint=hint, problems=[FieldProblem("media", problem, hint)])
    return {"url": MEDIA + row.name, "mimetype": row.mimetype, "filename": row.filename}


def toggle_bot(
    session: Session,
    tenant_id: int,
    view: ChatView,
    mode: ChatMode | None,
    hours: float | None,
    clock: Clock,
    now: datetime,
) -> ChatView:
    """Let the bot answer, keep it quiet (for some hours or for good), or mute the chat.

    Without a mode it changes between the bot and a human.
    """
    connection, chat = session.connection(), view.chat
    if mode is None:
        mode = ChatMode.HUMAN if takeover.is_bot(chat, now) else ChatMode.BOT
    if mode is ChatMode.BOT:
        takeover.give_back(connection, tenant_id, [chat.id], now)
        repository.change(session, tenant_id, chat.id, {"attention": None})
    else:
        until = None if hours is None else now + clock.span(3600.0 * hours)
        repository.change(
            session,
            tenant_id,
            chat.id,
            {
                "mode": mode.value,
                "mode_reason": takeover.BY_AGENT,
                "human_until": until if mode is ChatMode.HUMAN else None,
                "updated_at": now,
            },
        )
    return repository.view(session, tenant_id, chat.id)


def assign(
    session: Session, tenant_id: int, view: ChatView, user_id: int | None, now: datetime
) -> ChatView:
    """Give the chat to somebody of the account, or to nobody."""
    if user_id is not None and not repository.is_agent(session, tenant_id, user_id):
        problem = "There is nobody with this number in your account."
        raise Invalid(problem, problems=[FieldProblem("user_id", problem)])
    repository.change(session, tenant_id, view.chat.id, {"assigned_to": user_id, "updated_at": now})
    return repository.view(session, tenant_id, view.chat.id)


def read(session: Session, tenant_id: int, view: ChatView, now: datetime) -> ChatView:
    """Somebody has looked: nothing is unread, and what only wanted to be seen has been."""
    values: dict[str, Any] = {"unread": 0, "updated_at": now}
    if view.chat.attention in SEEN:
        values["attention"] = None
    repository.change(session, tenant_id, view.chat.id, values)
    return repository.view(session, tenant_id, view.chat.id)
