"""Sorts out what is heard twice: the same fact under another event, in one batch or long ago.

A double has no effect but one: it may tell the other address of the same person.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from runtime.inbound.reading import Heard, event_of
from services.chats import intake as chats
from services.contacts.identities import Person
from services.integrations.waha.inbound import Revoked, Said
from services.kit.statements import Hot
from services.webhooks.models import WebhookEvent

events: Table = WebhookEvent.__table__  # type: ignore[assignment]


def mark(connection: Connection, heard: Sequence[Heard]) -> None:
    """Mark the doubles; the first of a fact learns the addresses its doubles tell, and they its."""
    firsts: dict[tuple[int, str], Heard] = {}
    for one in heard:
        first = firsts.setdefault(one.fact, one)
        if first is not one:
            one.is_double = True
            first.person = _both(first.person, one.person)
    for one in heard:
        if one.is_double:
            one.person = firsts[one.fact].person
    known = chats.heard(connection, list(firsts))
    earlier = {
        fact: event_id for fact, event_id in known.items() if event_id != firsts[fact].row.id
    }
    if earlier:
        _learn_from_earlier(connection, heard, firsts, earlier)
    _place_revokes(connection, heard)


def _learn_from_earlier(
    connection: Connection,
    heard: Sequence[Heard],
    firsts: dict[tuple[int, str], Heard],
    earlier: dict[tuple[int, str], int],
) -> None:
    rows = {row.id: row for row in _EVENTS.all(connection, {"ids": sorted(set(earlier.values()))})}
    for fact, event_id in earlier.items():
        told = _person_in(rows.get(event_id))
        if told is not None:
            firsts[fact].person = _both(firsts[fact].person, told)
    for one in heard:
        if one.fact in earlier:
            one.is_double = True
            one.person = firsts[one.fact].person


def _person_in(row: Any) -> Person | None:
    if row is None:
        return None
    event, _ = event_of(row)
    if not isinstance(event, Said):
        return None
    return Person(event.who.phone, f"{event.who.lid}@lid" if event.who.lid else None)


def _both(first: Person, other: Person) -> Person:
    return Person(first.phone or other.phone, first.lid or other.lid, first.name or other.name)


def _place_revokes(connection: Connection, heard: Sequence[Heard]) -> None:
    """Find the chat of messages that were taken back without a word where."""
    lost = [
        one
        for one in heard
        if isinstance(one.event, Revoked) and not one.is_double and not one.person.keys
    ]
    if not lost:
        return
    facts = {
        one.fact: (one.row.device_id, one.key.replace("revoke|", "message|", 1)) for one in lost
    }
    known = chats.heard(connection, list(facts.values()))
    here = {one.fact: one.person for one in heard if isinstance(one.event, Said)}
    ids = sorted(set(known.values()))
    rows = {row.id: row for row in _EVENTS.all(connection, {"ids": ids})} if ids else {}
    for one in lost:
        about = facts[one.fact]
        told = here.get(about) or _person_in(rows.get(known.get(about, 0)))
        if told is not None:
            one.person = told


_EVENTS = Hot(
    select(events.c.id, events.c.type, events.c.raw, events.c.received_at).where(
        events.c.id.in_(bindparam("ids", expanding=True))
    )
)
