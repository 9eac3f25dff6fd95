"""Deals with taken deliveries: reads and decides without a lock, writes in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, func, update

from runtime import announce
from runtime.advance import World, write_new
from runtime.arrivals import media_wait
from runtime.inbound import answering, doubles, echoes, guards, reading, starts, take, waits
from runtime.inbound.answering import Decisions
from runtime.inbound.books import Listeners
from runtime.inbound.reading import Heard, Reading
from runtime.inbound.take import Taken
from runtime.outcomes import apply_finals, apply_skips
from services.blacklist import opt_out
from services.campaigns import progress
from services.chats import intake as chats
from services.chats import takeover
from services.contacts import identities
from services.contacts.models import Contact
from services.devices import links
from services.integrations.waha.inbound import Edited, Reacted, Revoked, Said
from services.kit.clock import Clock
from services.kit.db import Id
from services.kit.statements import Hot
from services.messages import acks
from services.rotators import attribution

contacts: Table = Contact.__table__  # type: ignore[assignment]

NAME_CHARS = 100


@dataclass(slots=True)
class Prepared:
    """A batch that was read, and what is to be written."""

    rows: Sequence[Any]
    reading: Reading
    decisions: Decisions = field(default_factory=Decisions)


def read(world: World, listeners: Listeners, taken: Taken, now: datetime) -> Prepared:
    """Read a batch and decide; changes nothing."""
    found = reading.read_rows(taken.rows)
    broken = {row.id for row, _ in found.broken}
    prepared = Prepared([row for row in taken.rows if row.id not in broken], found)
    if found.heard:
        with world.database.read() as connection:
            doubles.mark(connection, found.heard)
            _meet(connection, found.heard, taken)
            echoes.mark_ours(connection, found.heard, world.clock, now)
            prepared.decisions = answering.decide(connection, world, listeners, found.heard, now)
    return prepared


def write(connection: Connection, prepared: Prepared, world: World, now: datetime) -> None:
    """Write a batch down in the caller's transaction.

    Raises: LeaseLost when it is no longer ours, IntegrityError when a row collides: the caller
    takes its transaction (or its savepoint) back, and deals with each delivery by itself.
    """
    found = prepared.reading
    take.close(connection, prepared.rows, found.ignored)
    finals, grown = acks.apply(connection, found.levels, now)
    apply_finals(connection, finals)
    progress.apply_acks(connection, grown, now)
    for device_id, payload, told_at in found.sessions:
        links.follow(connection, device_id, payload, told_at, now)
    if found.heard:
        _write_heard(connection, prepared, world, now)


def _meet(connection: Connection, heard: Sequence[Heard], taken: Taken) -> None:
    """Find the person and the chat behind each fact."""
    people = dict(taken.people)
    unknown: dict[int, set[str]] = {}
    for one in heard:
        for key in one.person.keys:
            if (one.row.tenant_id, key) not in people:
                unknown.setdefault(one.row.tenant_id, set()).add(key)
    for tenant_id, keys in unknown.items():
        for key, contact_id in identities.known(connection, tenant_id, keys).items():
            people[tenant_id, key] = contact_id
    for one in heard:
        ids = [people.get((one.row.tenant_id, key)) for key in one.person.keys]
        known = {contact_id for contact_id in ids if contact_id is not None}
        if len(known) == 1:
            one.contact_id = known.pop()
            one.is_settled = None not in ids
    places = dict(taken.chats)
    missing = {
        (one.row.device_id, one.contact_id)
        for one in heard
        if one.contact_id is not None and (one.row.device_id, one.contact_id) not in places
    }
    places.update(chats.at(connection, missing))
    for one in heard:
        if one.contact_id is not None:
            one.chat = places.get((one.row.device_id, one.contact_id))
        if one.chat is not None:
            one.is_settled = one.is_settled and not _is_news(one)
            one.is_placed = one.person.phone in (None, one.chat.phone)
        else:
            one.is_settled = False


def _is_news(one: Heard) -> bool:
    """Whether the chat does not know an address that this fact tells."""
    phone, lid = one.person.phone, one.person.lid
    return (phone is not None and one.chat.phone is None) or (
        lid is not None and one.chat.lid != lid.removesuffix("@lid")
    )


# --------------------------------------------------------------------------- writing


def _write_heard(connection: Connection, prepared: Prepared, world: World, now: datetime) -> None:
    heard, decisions = prepared.reading.heard, prepared.decisions
    facts = {one.fact: one.row.id for one in heard if not one.is_double}
    whose = chats.first_heard(connection, facts, now)
    for one in heard:
        one.is_double = one.is_double or whose.get(one.fact) != one.row.id
    moved = _settle(connection, heard, now)
    live = [one for one in heard if not one.is_double and one.chat is not None]
    ids = {id(one) for one in live}
    _write_said(connection, [one for one in live if isinstance(one.event, Said)], now)
    for one in live:
        _write_change(connection, one)
        if one.click is not None and one.contact_id is not None:
            attribution.convert(connection, one.click.click, one.contact_id, now)
    _note_codes(connection, live, now)
    takeover.human_answered(
        connection,
        sorted({one.chat.id for one in decisions.takeovers if id(one) in ids}),
        world.clock,
        now,
    )
    queued = [start for start in decisions.starts if id(start.one) in ids]
    queued += _wishes(connection, decisions, ids, now)
    queued += _wakes(connection, decisions, ids, world.clock, now)
    born = [(start, run) for start, run in decisions.new_runs if id(start.one) in ids]
    if moved:
        # Their chats or people may be others by now: carried once more, from the rows.
        queued += [start for start, _ in born]
    elif decisions.carried is not None and born:
        write_new(connection, decisions.carried, [run for _, run in born])
    starts.start(connection, queued, now, world.clock)
    starts.gather(
        connection, [one for one in decisions.bursts if id(one.one) in ids], now, world.clock
    )
    chats.want_attention(
        connection, [one.chat.id for one in decisions.unanswered if id(one) in ids], "unanswered"
    )
    _mute(connection, decisions, live, world.clock, now)


def _note_codes(connection: Connection, live: Sequence[Heard], now: datetime) -> None:
    """The click of a code may still be on its way from a journal: see `runtime/links/drain.py`."""
    attribution.note_unmatched(
        connection,
        [
            (one.row.tenant_id, one.text, one.contact_id)
            for one in live
            if one.click is None
            and one.contact_id is not None
            and isinstance(one.event, Said)
            and not one.event.from_me
            and not one.is_history
        ],
        now,
    )


def _settle(connection: Connection, heard: Sequence[Heard], now: datetime) -> bool:
    """Give everybody a contact and a chat; whether people or chats became one on the way."""
    open_ones = [one for one in heard if not one.is_settled and one.person.keys]
    if not open_ones:
        return False
    merged = []
    by_tenant: dict[int, list[Heard]] = {}
    for one in open_ones:
        by_tenant.setdefault(one.row.tenant_id, []).append(one)
    for tenant_id, ones in by_tenant.items():
        settled = identities.settle(connection, tenant_id, [one.person for one in ones], now)
        merged += settled.merged
        for one in ones:
            one.contact_id = settled.ids[one.person.keys[0]]
    if merged:
        people = {done.gone_id: done.kept_id for done in merged}
        joined = {gone: kept for done in merged for gone, kept in done.chats.items()}
        starts.move_chats(connection, joined, people)
        for one in heard:
            while one.contact_id in people:
                one.contact_id = people[one.contact_id]
        open_ones = [one for one in heard if one.person.keys]
    wanted = [
        chats.Chat(
            one.row.tenant_id,
            one.row.device_id,
            one.contact_id,
            one.person.phone,
            None if one.person.lid is None else one.person.lid.removesuffix("@lid"),
        )
        for one in open_ones
        if one.contact_id is not None
    ]
    places = chats.open_chats(connection, wanted, now)
    for one in open_ones:
        if one.contact_id is not None:
            one.chat = places[one.row.device_id, one.contact_id]
    return bool(merged)


def _write_said(connection: Connection, said: Sequence[Heard], now: datetime) -> None:
    """The messages themselves, what their chats show of them, and when people last wrote."""
    rows = [_message_row(one, now) for one in said if not one.is_ours]
    chats.add_messages(connection, rows)
    chats.touch(connection, [_chat_row(one, now) for one in said])
    incoming = [one for one in said if not _is_mine(one)]
    announce.heard(connection, incoming, now)
    _HEARD_FROM.many(
        connection,
        [
            {
                "person": one.contact_id,
                "device": one.row.device_id,
                "at": one.event.sent_at,  # type: ignore[union-attr]
                "own_name": (one.person.name or "")[:NAME_CHARS] or None,
            }
            for one in incoming
        ],
    )


def _is_mine(one: Heard) -> bool:
    return isinstance(one.event, Said) and one.event.from_me


def _message_row(one: Heard, now: datetime) -> dict[str, Any]:
    said = one.event
    assert isinstance(said, Said)
    media = said.media
    return {
        "tenant_id": one.row.tenant_id,
        "session_id": one.chat.id,
        "waha_message_id": said.bare_id,
        "direction": "OUTBOUND" if said.from_me else "INBOUND",
        "message_type": said.kind,
        "content": said.text,
        "media": None
        if media is None
        else {
            "mimetype": media.mimetype,
            "filename": media.filename,
            "path": media.path,
            "url": media.url,
            "error": media.error,
            "size_bytes": media.size_bytes,
            "whole_id": said.whole_id,
            "chat": str(said.chat),
        },
        "media_state": None if media is None else chats.WANTED,
        "quoted_id": said.quoted_id,
        "is_from_bot": said.from_me and said.source == "api",
        "is_history": one.is_history,
        "extra": dict(said.extra) if said.extra else None,
        "timestamp": said.sent_at,
        "created_at": one.row.received_at,
    }


def _chat_row(one: Heard, now: datetime) -> dict[str, Any]:
    said = one.event
    assert isinstance(said, Said)
    counts = not said.from_me and not one.is_history
    return {
        "chat": one.chat.id,
        "more": int(counts),
        "shown": (said.text or f"[{said.kind}]")[: chats.PREVIEW_CHARS],
        "said_at": said.sent_at,
        "inbound_at": None if said.from_me else said.sent_at,
        "now": now,
    }


def _write_change(connection: Connection, one: Heard) -> None:
    tenant_id, chat_id, at = one.row.tenant_id, one.chat.id, one.row.received_at
    match one.event:
        case Edited(bare_id=bare_id, text=text, at=told_at):
            chats.edit(connection, tenant_id, chat_id, bare_id, text, told_at)
        case Revoked(bare_id=bare_id):
            chats.revoke(connection, tenant_id, chat_id, bare_id, at)
        case Reacted(target_id=bare_id, emoji=emoji, from_me=from_me):
            who = "me" if from_me else one.chat_key
            chats.react(connection, tenant_id, chat_id, bare_id, who, emoji, at)
        case _:
            return


def _wishes(
    connection: Connection, decisions: Decisions, ids: set[int], now: datetime
) -> list[starts.Start]:
    """Do what opt-outs ask for; returns what proved to be ordinary messages."""
    ordinary = []
    for one, start in decisions.wishes:
        if id(one) not in ids:
            continue
        assert isinstance(one.event, Said)
        done = opt_out.act(
            connection, one.row.tenant_id, one.row.device_id, one.chat, one.text, now
        )
        if done is not None:
            apply_skips(connection, done.skipped, now)
            starts.drop_gathering(connection, [one.chat.id], done.what, now)
            if done.what == "opted_out":
                starts.end_conversations(
                    connection, one.row.tenant_id, one.chat.contact_id, one.chat.id, now
                )
        elif start is not None and takeover.is_bot(one.chat, now):
            ordinary.append(start)
    return ordinary


def _wakes(
    connection: Connection, decisions: Decisions, ids: set[int], clock: Clock, now: datetime
) -> list[starts.Start]:
    """Hand messages to the runs that wait; returns those that nobody waits for any more."""
    left = []
    for one, woken, start in decisions.wakes:
        if id(one) not in ids:
            continue
        said = one.event
        assert isinstance(said, Said)
        file = said.bare_id if said.media is not None else None
        values = {"text": one.text, "media": None, "type": said.kind, "id": said.bare_id}
        until = now + media_wait(clock)
        taken = [
            waits.wake(connection, run, values, now, file, one.chat.id, until) for run in woken
        ]
        if not any(taken) and start is not None:
            left.append(start)
    return left


def _mute(
    connection: Connection,
    decisions: Decisions,
    live: Sequence[Heard],
    clock: Clock,
    now: datetime,
) -> None:
    """The bot stops in chats where it seems to talk with another bot."""
    until = now + clock.span(guards.MUTE_S)
    chats_of = {one.chat.id: one.row.tenant_id for one in live if one.chat.id in decisions.loops}
    for chat_id, tenant_id in chats_of.items():
        takeover.hand_over(connection, tenant_id, chat_id, takeover.LOOP, until, now)


_LAST_AT, _LAST_DEVICE = contacts.c.last_inbound_at, contacts.c.last_device_id
_AT = contacts.c.last_inbound_at.type
_IS_NEWER = func.coalesce(_LAST_AT, bindparam("at", type_=_AT)) <= bindparam("at", type_=_AT)
_HEARD_FROM = Hot(
    update(contacts)
    .where(contacts.c.id == bindparam("person"))
    .values(
        name=func.coalesce(contacts.c.name, bindparam("own_name", type_=contacts.c.name.type)),
        # In the order of the columns: MySQL reads what it has set before.
        last_device_id=case((_IS_NEWER, bindparam("device", type_=Id)), else_=_LAST_DEVICE),
        last_inbound_at=case((_IS_NEWER, bindparam("at", type_=_AT)), else_=_LAST_AT),
    )
)
