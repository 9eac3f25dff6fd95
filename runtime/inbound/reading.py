"""Reads deliveries: what each of a batch says, and which of them need no more than a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from domain.states import grow_ack
from services.contacts.identities import Person
from services.integrations.waha.addresses import read_message_id
from services.integrations.waha.inbound import (
    Acked,
    Edited,
    Inbound,
    Noise,
    Reacted,
    Revoked,
    Said,
    SessionTold,
    business_key,
    is_private,
    read_event,
)
from services.rotators.attribution import Matched

HISTORY = "history"
"""What the event ids of messages begin with that were taken over from the phone."""


@dataclass(slots=True)
class Heard:
    """A fact of a private chat."""

    row: Any
    event: Said | Edited | Revoked | Reacted
    key: str
    person: Person
    is_double: bool = False
    contact_id: int | None = None
    chat: Any = None
    """Row of chat_sessions, where it is known."""
    is_settled: bool = False
    """Every address of the person is known, and of one contact."""
    is_placed: bool = False
    """The contact and the chat are known by the number that is told, if one is."""
    is_ours: bool = False
    """We sent it ourselves: it is in the ledger."""
    click: Matched | None = None
    """The click on one of the shop's links that this message began with."""

    @property
    def fact(self) -> tuple[int, str]:
        return self.row.device_id, self.key

    @property
    def chat_key(self) -> str:
        """How this chat is called in all tables."""
        return self.person.phone or self.person.lid or ""

    @property
    def text(self) -> str | None:
        """What flows read: without the code of a link."""
        if self.click is not None:
            return self.click.text
        return self.event.text if isinstance(self.event, Said) else None

    @property
    def is_history(self) -> bool:
        return str(self.row.event_id).startswith(HISTORY)


@dataclass(slots=True)
class Reading:
    """What a batch says."""

    levels: dict[tuple[int, str], int] = field(default_factory=dict)
    """(device, bare message id) -> ack level."""
    sessions: list[tuple[int, Mapping[str, Any], datetime]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    broken: list[tuple[Any, Exception]] = field(default_factory=list)


def read_rows(rows: Sequence[Any]) -> Reading:
    """Read each delivery; one that can't be read is told apart, and harms no other."""
    found = Reading()
    for row in rows:
        try:
            _read(row, found)
        except Exception as error:
            found.broken.append((row, error))
    return found


def event_of(row: Any) -> tuple[Inbound, Mapping[str, Any]]:
    """What a delivery says, and its body. Raises: ValueError when it is no JSON object."""
    body = orjson.loads(row.raw)
    if not isinstance(body, dict):
        raise ValueError("a delivery that is no object")
    if "event" not in body:
        body["event"] = row.type
    return read_event(body, row.received_at), body


def _read(row: Any, found: Reading) -> None:
    event, body = event_of(row)
    match event:
        case Said() | Edited() | Revoked() | Reacted():
            if isinstance(event, Said) and event.from_me:
                _grow(found, row.device_id, event.bare_id, 1)
            # Some engines don't tell in which chat a message was taken back.
            private = event.chat is None or is_private(event.chat)
            if private and not (event.chat is None and row.device_id is None):
                key = business_key(event)
                assert key is not None
                name = event.name if isinstance(event, Said) else None
                lid = f"{event.who.lid}@lid" if event.who.lid else None
                found.heard.append(Heard(row, event, key, Person(event.who.phone, lid, name)))
            elif isinstance(event, Said) and event.from_me:
                found.used.append(row.id)
            else:
                found.ignored.append(row.id)
        case Acked(from_me=True):
            _grow(found, row.device_id, event.bare_id, event.level)
            found.used.append(row.id)
        case SessionTold():
            found.sessions.append((row.device_id, event.payload, event.told_at))
            found.used.append(row.id)
        case Noise() if _is_echo(row, body):
            named = read_message_id(body["payload"])
            assert named is not None
            _grow(found, row.device_id, named.bare, 1)
            found.used.append(row.id)
        case _:
            found.ignored.append(row.id)


def _is_echo(row: Any, body: Mapping[str, Any]) -> bool:
    """Whether it names a message of our own, though not whom it went to."""
    payload = body.get("payload")
    return (
        row.type in ("message", "message.any")
        and isinstance(payload, dict)
        and payload.get("fromMe") is True
        and read_message_id(payload) is not None
    )


def _grow(found: Reading, device_id: int, bare_id: str, level: int) -> None:
    key = (device_id, bare_id)
    found.levels[key] = grow_ack(found.levels.get(key, 0), level)
