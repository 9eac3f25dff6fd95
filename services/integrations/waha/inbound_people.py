"""Who stands behind an event: the chat, and the other person's number and hidden address (LID).

Engines fill `from`, `to` and `participant` differently, and give the second address of a person
away in different places of `_data`; here all of it becomes one chat and one `Who`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.integrations.waha.addresses import (
    ChatAddress,
    ChatKind,
    MessageId,
    normal_chat,
    parse_chat_id,
)

_PHONE = re.compile(r"[0-9]{5,20}", re.ASCII)
_LID = re.compile(r"[0-9]{5,32}", re.ASCII)
PRIVATE = (ChatKind.PERSON, ChatKind.LID)


@dataclass(frozen=True, slots=True)
class Who:
    """A person's addresses: digits; in private chats at least one is there."""

    phone: str | None = None
    lid: str | None = None

    @property
    def key(self) -> str | None:
        """The number's digits, else `<lid>@lid`: how this chat is called in all tables."""
        if self.phone is not None:
            return self.phone
        return None if self.lid is None else f"{self.lid}@lid"


def chat_of(
    payload: Mapping[str, Any], named: MessageId | None, from_me: bool, own: frozenset[str]
) -> ChatAddress | None:
    """The chat of a message: from its id, else from where the engine keeps it."""
    if named is not None and named.chat is not None:
        return parse_chat_id(named.chat)
    data, info, key, webjs = _inner(payload)
    for value in (info.get("Chat"), data.get("Chat"), key.get("remoteJid"), webjs.get("remote")):
        if address := _address(value):
            return address
    sender, recipient = _address(payload.get("from")), _address(payload.get("to"))
    if from_me and recipient is not None and (sender is None or str(sender) in own):
        return recipient
    return sender or recipient


def who_of(
    payload: Mapping[str, Any],
    chat: ChatAddress,
    named: MessageId | None,
    from_me: bool,
    own: frozenset[str],
) -> Who:
    """The other person of a private chat (of our own messages too), the participant in a group."""
    if chat.kind in PRIVATE:
        return _private(payload, chat, from_me, own)
    return _first_of(_in_group(payload, named))


def own_addresses(me: object) -> frozenset[str]:
    """Every spelling of the number itself, as an event's `me` tells it."""
    if not isinstance(me, dict):
        return frozenset()
    found = (normal_chat(me.get(name)) for name in ("id", "lid", "jid"))
    return frozenset(address for address in found if address is not None)


def _private(
    payload: Mapping[str, Any], chat: ChatAddress, from_me: bool, own: frozenset[str]
) -> Who:
    data, info, key, webjs = _inner(payload)
    values: list[object] = [key.get("remoteJid"), key.get("remoteJidAlt"), webjs.get("remote")]
    for gows in (info, data):
        values += [gows.get("Chat"), gows.get("RecipientAlt" if from_me else "SenderAlt")]
    if from_me:
        values += [payload.get("to"), payload.get("from"), data.get("to")]
    else:
        values += [info.get("Sender"), payload.get("from"), payload.get("participant")]
        values += [data.get("from"), key.get("senderPn"), key.get("senderLid")]
    others = (address for address in map(_address, values) if address and str(address) not in own)
    return _first_of(iter([chat, *others]))


def _in_group(payload: Mapping[str, Any], named: MessageId | None) -> Iterator[ChatAddress]:
    data, info, key, _ = _inner(payload)
    values: list[object] = [named.participant if named else None, payload.get("participant")]
    values += [key.get(name) for name in ("participant", "participantAlt", "participantPn")]
    values += [key.get("participantLid"), info.get("Sender"), info.get("SenderAlt")]
    values += [data.get("Sender"), data.get("SenderAlt"), data.get("author")]
    return (address for address in map(_address, values) if address)


def _first_of(addresses: Iterator[ChatAddress]) -> Who:
    """The first number and the first LID; a person has one of each."""
    phone = lid = None
    for address in addresses:
        if address.kind is ChatKind.PERSON and phone is None and _PHONE.fullmatch(address.user):
            phone = address.user
        if address.kind is ChatKind.LID and lid is None and _LID.fullmatch(address.user):
            lid = address.user
    return Who(phone, lid)


def _inner(payload: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """`_data`, and in it GOWS' `Info`, NOWEB's `key` and WEBJS' `id`; empty where they lack."""
    data = _dict(payload.get("_data"))
    return data, _dict(data.get("Info")), _dict(data.get("key")), _dict(data.get("id"))


def _address(value: object) -> ChatAddress | None:
    if isinstance(value, dict):
        value = value.get("_serialized")
    return parse_chat_id(value) if isinstance(value, str) and "@" in value else None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
