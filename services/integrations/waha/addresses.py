"""WhatsApp addresses and message ids: taking them apart and putting them together."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

ADDRESS_CHARS_MOST = 120
ADDRESSES_KEPT = 4096
PERSON_SERVERS = ("c.us", "s.whatsapp.net")


class ChatKind(StrEnum):
    PERSON = "person"
    GROUP = "group"
    LID = "lid"
    NEWSLETTER = "newsletter"
    BROADCAST = "broadcast"


_KINDS = {
    "c.us": ChatKind.PERSON,
    "s.whatsapp.net": ChatKind.PERSON,
    "g.us": ChatKind.GROUP,
    "lid": ChatKind.LID,
    "newsletter": ChatKind.NEWSLETTER,
    "broadcast": ChatKind.BROADCAST,
}
_PHONE = re.compile(r"[0-9]{5,20}", re.ASCII)
_USER = re.compile(r"[0-9A-Za-z.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChatAddress:
    """A chat without its device part; `str()` is what WAHA wants as `chatId`."""

    kind: ChatKind
    user: str
    server: str

    @property
    def phone(self) -> str | None:
        """The digits of a person's number; None for everything else."""
        return self.user if self.kind is ChatKind.PERSON else None

    def __str__(self) -> str:
        return f"{self.user}@{self.server}"


@dataclass(frozen=True, slots=True)
class MessageId:
    """A message id; `bare` is the only part that is the same in every event and engine."""

    bare: str
    chat: str | None = None
    from_me: bool | None = None
    participant: str | None = None
    whole: str | None = None


def chat_id(phone_digits: str) -> str:
    """The chat of a number in international form without a plus: `62...@c.us`.

    Raises: ValueError when it is not 5 to 20 digits.
    """
    if not _PHONE.fullmatch(phone_digits):
        raise ValueError("a WhatsApp number is 5 to 20 digits, without plus, spaces or dashes")
    return f"{phone_digits}@c.us"


def parse_chat_id(text: str) -> ChatAddress | None:
    """Read an address as any engine writes it; None when it is none.

    A bare number is a person, the device part (`:12`) falls away, and the engines' inner
    `s.whatsapp.net` becomes `c.us`, so that one chat has one spelling.
    """
    return _parsed(text) if len(text) <= ADDRESS_CHARS_MOST else None


@lru_cache(maxsize=ADDRESSES_KEPT)
def _parsed(text: str) -> ChatAddress | None:
    """The same few chats write again and again: an address is taken apart once."""
    user, at, server = text.strip().partition("@")
    if not at:
        return ChatAddress(ChatKind.PERSON, user, "c.us") if _PHONE.fullmatch(user) else None
    kind = _KINDS.get(server)
    user = user.partition(":")[0]
    if kind is None or not _USER.fullmatch(user):
        return None
    return ChatAddress(kind, user, "c.us" if server in PERSON_SERVERS else server)


def normal_chat(text: object) -> str | None:
    """The one spelling of an address, or None."""
    address = parse_chat_id(text) if isinstance(text, str) else None
    return str(address) if address else None


def phone_of(text: object) -> str | None:
    """The digits of a person's address, or None."""
    address = parse_chat_id(text) if isinstance(text, str) else None
    return address.phone if address else None


def lid_of(text: object) -> str | None:
    """The whole `...@lid` of a hidden user's address, or None."""
    address = parse_chat_id(text) if isinstance(text, str) else None
    return str(address) if address and address.kind is ChatKind.LID else None


def parse_message_id(text: str) -> MessageId | None:
    """Take `{fromMe}_{chat}_{ID}[_{participant}]` apart; None when no id is left.

    Bare ids and ids without the first part (NOWEB acks) are read too.
    """
    parts = text.strip().split("_")
    from_me: bool | None = None
    if parts[0] in ("true", "false"):
        from_me = parts.pop(0) == "true"
    chat = parts.pop(0) if parts and "@" in parts[0] else None
    bare = parts.pop(0) if parts else ""
    if not bare or "@" in bare:
        return None
    # WEBJS ends the id of a message to oneself with "_out": only an address is a participant.
    participant = parts[0] if parts and "@" in parts[0] else None
    return MessageId(
        bare=bare,
        chat=normal_chat(chat),
        from_me=from_me,
        participant=normal_chat(participant),
        whole=text.strip() if chat else None,
    )


def whole_id(bare: str, chat: str, *, from_me: bool, participant: str | None = None) -> str:
    """Compose the long form of an id, as WAHA itself does."""
    tail = f"_{participant}" if participant else ""
    return f"{'true' if from_me else 'false'}_{chat}_{bare}{tail}"


def read_message_id(body: object) -> MessageId | None:
    """Find the id in a message or in the answer to a send, whatever engine wrote it.

    Order: a string `id`, `id._serialized`, the parts of `id`, the parts of `key`, `_data.id`.
    """
    if not isinstance(body, dict):
        return None
    found = _from_id(body.get("id")) or _from_key(body.get("key"))
    if found is None and isinstance(data := body.get("_data"), dict):
        found = _from_id(data.get("id")) or _from_key(data.get("key"))
    return found


def _from_id(value: object) -> MessageId | None:
    if isinstance(value, str):
        return parse_message_id(value)
    if not isinstance(value, dict):
        return None
    serialized = value.get("_serialized")
    if isinstance(serialized, str) and (found := parse_message_id(serialized)):
        return found
    return _from_parts(value.get("id"), value.get("remote"), value)


def _from_key(value: object) -> MessageId | None:
    if not isinstance(value, dict):
        return None
    return _from_parts(value.get("id"), value.get("remoteJid"), value)


def _from_parts(bare: object, remote: object, value: dict[str, object]) -> MessageId | None:
    if not isinstance(bare, str) or not bare:
        return None
    if isinstance(remote, dict):
        remote = remote.get("_serialized")
    chat = normal_chat(remote)
    participant = normal_chat(value.get("participant"))
    from_me = value.get("fromMe") is True
    whole = whole_id(bare, chat, from_me=from_me, participant=participant) if chat else None
    return MessageId(bare, chat, from_me, participant, whole)
