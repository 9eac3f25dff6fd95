"""What an event of WAHA says, in one shape for all engines. Pure, and it never raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.integrations.waha.addresses import (
    ChatAddress,
    MessageId,
    normal_chat,
    parse_message_id,
    read_message_id,
)
from services.integrations.waha.answers import read_time
from services.integrations.waha.inbound_contents import InboundMedia, contents_of, text_of
from services.integrations.waha.inbound_people import (
    PRIVATE,
    Who,
    chat_of,
    own_addresses,
    who_of,
)

__all__ = [
    "Acked",
    "Edited",
    "Inbound",
    "InboundMedia",
    "Noise",
    "Reacted",
    "Revoked",
    "Said",
    "SessionTold",
    "Who",
    "business_key",
    "chat_key",
    "is_private",
    "read_event",
]

ID_CHARS_MOST = 100
EMOJI_CHARS_MOST = 32
TYPE_CHARS_MOST = 40
_ACK_LEVELS = {"ERROR": -1, "PENDING": 0, "SERVER": 1, "DEVICE": 2, "READ": 3, "PLAYED": 4}


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a chat, of the other side or of ourselves.

    `who` is the other person of a private chat (also when `from_me`), in a group the participant
    (there it may be empty). `kind` is one of the message trigger's words.
    """

    bare_id: str
    whole_id: str | None
    chat: ChatAddress
    who: Who
    from_me: bool
    source: Literal["api", "app"] | None
    sent_at: datetime
    kind: str
    text: str | None
    media: InboundMedia | None
    quoted_id: str | None
    quoted_text: str | None
    name: str | None
    extra: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Acked:
    """How far a message got: -1 error, 0 pending, 1 server, 2 device, 3 read, 4 played.

    `from_me`: the message is ours. Without it we read theirs on another device.
    """

    bare_id: str
    level: int
    from_me: bool
    participant: str | None


@dataclass(frozen=True, slots=True)
class SessionTold:
    """The session's state, as WAHA saw it at `told_at`: events come in any order."""

    payload: Mapping[str, Any]
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Edited:
    """The text of message `bare_id` became another."""

    bare_id: str
    text: str | None
    at: datetime
    chat: ChatAddress
    who: Who
    from_me: bool


@dataclass(frozen=True, slots=True)
class Revoked:
    """Message `bare_id` was deleted for everyone; some engines don't tell in which chat."""

    bare_id: str
    chat: ChatAddress | None
    who: Who
    from_me: bool


@dataclass(frozen=True, slots=True)
class Reacted:
    """A reaction to message `target_id`; an empty `emoji` takes it back."""

    target_id: str
    reaction_id: str
    emoji: str
    chat: ChatAddress
    who: Who
    from_me: bool


@dataclass(frozen=True, slots=True)
class Noise:
    """An event nothing follows from; `why` is for people."""

    type: str
    why: str


Inbound = Said | Acked | SessionTold | Edited | Revoked | Reacted | Noise


def read_event(body: Mapping[str, Any], received_at: datetime) -> Inbound:
    """What the envelope says. Whatever does not fit becomes `Noise`; nothing raises.

    Source: CONTRACT sections 4 and 8.
    """
    if not isinstance(body, dict):
        return Noise("", "It is no object.")
    kind = body.get("event")
    if not isinstance(kind, str):
        return Noise("", "It has no event name.")
    kind = kind[:TYPE_CHARS_MOST]
    payload = body.get("payload")
    if not isinstance(payload, dict):
        return Noise(kind, "It has no payload.")
    if kind == "session.status":
        return SessionTold(payload, _told_at(body, received_at))
    if kind in ("message", "message.any"):
        return _said(kind, payload, body, received_at)
    if kind in ("message.ack", "message.ack.group"):
        return _acked(kind, payload)
    if kind == "message.edited":
        return _edited(kind, payload, body, received_at)
    if kind == "message.revoked":
        return _revoked(kind, payload, body)
    if kind == "message.reaction":
        return _reacted(kind, payload, body)
    return Noise(kind, "Nothing is done at this event.")


def is_private(chat: ChatAddress) -> bool:
    """Whether it is a chat with one person, by number or by hidden address."""
    return chat.kind in PRIVATE


def chat_key(event: Inbound) -> str | None:
    """The chat of a private message that came in: the number's digits, else `<digits>@lid`."""
    if isinstance(event, Said) and not event.from_me and is_private(event.chat):
        return event.who.key
    return None


def business_key(event: Inbound) -> str | None:
    """What makes two events of one device the same; None where doubles do no harm."""
    match event:
        case Said():
            return f"message|{event.bare_id}"
        case Edited():
            return f"edit|{event.bare_id}|{int(event.at.timestamp() * 1000)}"
        case Revoked():
            return f"revoke|{event.bare_id}"
        case Reacted():
            return f"reaction|{event.reaction_id}"
        case _:
            return None


def _said(
    kind: str, payload: dict[str, Any], body: Mapping[str, Any], received_at: datetime
) -> Said | Noise:
    found = _message(payload, body)
    if isinstance(found, str):
        return Noise(kind, found)
    named, chat, who, from_me = found
    contents = contents_of(payload)
    if contents is None:
        return Noise(kind, "No person wrote it.")
    source = payload.get("source")
    return Said(
        bare_id=named.bare,
        whole_id=named.whole,
        chat=chat,
        who=who,
        from_me=from_me,
        source=source if source in ("api", "app") else None,
        sent_at=_sent_at(payload, body, received_at),
        kind=contents.kind,
        text=contents.text,
        media=contents.media,
        quoted_id=contents.quoted_id,
        quoted_text=contents.quoted_text,
        name=None if from_me else _name(payload),
        extra=contents.extra,
    )


def _acked(kind: str, payload: dict[str, Any]) -> Acked | Noise:
    named, level = _named(payload), payload.get("ack")
    if named is None:
        return Noise(kind, "It names no message.")
    if level is None and isinstance(payload.get("ackName"), str):
        level = _ACK_LEVELS.get(payload["ackName"])
    if not isinstance(level, int) or isinstance(level, bool) or not -1 <= level <= 4:
        return Noise(kind, "It has no known level.")
    # The id says whose message it is: WEBJS' group receipts set fromMe for who read it.
    from_me = named.from_me if named.from_me is not None else payload.get("fromMe") is not False
    return Acked(named.bare, level, from_me, normal_chat(payload.get("participant")))


def _edited(
    kind: str, payload: dict[str, Any], body: Mapping[str, Any], received_at: datetime
) -> Edited | Noise:
    found = _message(payload, body)
    if isinstance(found, str):
        return Noise(kind, found)
    _, chat, who, from_me = found
    target = _bare(payload.get("editedMessageId"))
    if target is None:
        return Noise(kind, "It names no message.")
    # The envelope counts milliseconds: two edits within a second are two.
    return Edited(target, text_of(payload), _told_at(body, received_at), chat, who, from_me)


def _revoked(kind: str, payload: dict[str, Any], body: Mapping[str, Any]) -> Revoked | Noise:
    parts = [payload.get("after"), payload.get("before"), payload]
    messages = [part for part in parts if isinstance(part, dict)]
    target = _bare(payload.get("revokedMessageId"))
    for message in messages:
        found = _message(message, body)
        if not isinstance(found, str):
            named, chat, who, from_me = found
            return Revoked(target or named.bare, chat, who, from_me)
    if target is None:
        return Noise(kind, "It names no message.")
    return Revoked(target, None, Who(), from_me=False)


def _reacted(kind: str, payload: dict[str, Any], body: Mapping[str, Any]) -> Reacted | Noise:
    found = _message(payload, body)
    if isinstance(found, str):
        return Noise(kind, found)
    named, chat, who, from_me = found
    reaction = payload.get("reaction")
    reaction = reaction if isinstance(reaction, dict) else {}
    target, emoji = _bare(reaction.get("messageId")), reaction.get("text")
    if target is None:
        return Noise(kind, "It names no message.")
    emoji = emoji[:EMOJI_CHARS_MOST] if isinstance(emoji, str) else ""
    return Reacted(target, named.bare, emoji, chat, who, from_me)


def _message(
    payload: dict[str, Any], body: Mapping[str, Any]
) -> tuple[MessageId, ChatAddress, Who, bool] | str:
    """The id, chat and people of a message; or why it has none."""
    named = _named(payload)
    if named is None:
        return "It has no message id."
    from_me = payload.get("fromMe")
    if not isinstance(from_me, bool):
        from_me = named.from_me is True
    own = own_addresses(body.get("me"))
    chat = chat_of(payload, named, from_me, own)
    if chat is None:
        return "It has no chat."
    who = who_of(payload, chat, named, from_me, own)
    if chat.kind in PRIVATE and who.key is None:
        return "It names no person."
    return named, chat, who, from_me


def _named(payload: dict[str, Any]) -> MessageId | None:
    named = read_message_id(payload)
    return named if named is not None and len(named.bare) <= ID_CHARS_MOST else None


def _bare(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("_serialized") or value.get("id")
    named = parse_message_id(value) if isinstance(value, str) else None
    return named.bare if named is not None and len(named.bare) <= ID_CHARS_MOST else None


def _name(payload: dict[str, Any]) -> str | None:
    """What the person calls themselves."""
    data = payload.get("_data")
    if not isinstance(data, dict):
        return None
    info = data.get("Info")
    info = info if isinstance(info, dict) else {}
    for name in (info.get("PushName"), data.get("pushName"), data.get("notifyName")):
        if isinstance(name, str) and name.strip():
            return name.strip()[:ID_CHARS_MOST]
    return None


def _sent_at(payload: dict[str, Any], body: Mapping[str, Any], received_at: datetime) -> datetime:
    """When it was written; never after we heard of it."""
    sent = read_time(payload.get("timestamp")) or read_time(body.get("timestamp"))
    return min(sent, received_at) if sent is not None else received_at


def _told_at(body: Mapping[str, Any], received_at: datetime) -> datetime:
    told = read_time(body.get("timestamp"))
    return min(told, received_at) if told is not None else received_at
