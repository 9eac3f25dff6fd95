"""Decides what follows from each message: an opt-out, a run that waited for it, a flow, nothing.

Only reads. What it decides is done in the next transaction, for those messages that prove to be
no doubles.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from domain.opt_out import OptOut, classify, is_opt_in
from runtime.advance import Carried, NewRun, World, carry_new, needs_its_row
from runtime.chat_scope import Met, values_of
from runtime.inbound import guards, triggers, waits
from runtime.inbound.books import Listener, Listeners, device_names
from runtime.inbound.reading import Heard
from runtime.inbound.starts import INBOUND, Start
from services.blacklist.models import Blacklisted
from services.blacklist.reasons import SILENCING
from services.chats import takeover
from services.integrations.waha.inbound import Said
from services.kit.statements import Hot
from services.messages.ledger import REPLY
from services.rotators import attribution

blacklist: Table = Blacklisted.__table__  # type: ignore[assignment]


@dataclass(slots=True)
class Decisions:
    """What is to be done. A message stands in one list at most, beside being written down."""

    takeovers: list[Heard] = field(default_factory=list)
    wishes: list[tuple[Heard, Start | None]] = field(default_factory=list)
    """Opt-outs and opt-ins; the start counts when it proves to be neither."""
    wakes: list[tuple[Heard, list[Any], Start | None]] = field(default_factory=list)
    carried: Carried | None = None
    new_runs: list[tuple[Start, NewRun]] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    bursts: list[Start] = field(default_factory=list)
    unanswered: list[Heard] = field(default_factory=list)
    loops: set[int] = field(default_factory=set)
    """Chat ids."""
    devices: dict[int, str] = field(default_factory=dict)


def decide(
    connection: Connection,
    world: World,
    listeners: Listeners,
    heard: Sequence[Heard],
    now: datetime,
) -> Decisions:
    """Decide about the messages of a batch, each chat's in their order."""
    said = sorted(
        (one for one in heard if isinstance(one.event, Said) and not one.is_double),
        key=lambda one: (one.event.sent_at, one.row.id),  # type: ignore[union-attr]
    )
    found = Decisions()
    if not said:
        return found
    found.takeovers = [one for one in said if _is_takeover(one)]
    incoming = [one for one in said if not _is_mine(one) and not one.is_history]
    found.devices = device_names(connection, [one.row.device_id for one in said])
    if not incoming:
        return found
    by_tenant = listeners.of(connection, {one.row.tenant_id for one in incoming})
    keys = {
        id(one): waits.keys_of(one, found.devices.get(one.row.device_id, "")) for one in incoming
    }
    waiting = waits.waiting(connection, [key for mine in keys.values() for key in mine])
    quiet = _silenced(connection, incoming)
    taken_over = {(one.row.device_id, one.chat_key) for one in found.takeovers}
    found.loops = guards.looping(connection, incoming, now, world.clock)
    fast: list[Start] = []
    for one in incoming:
        assert isinstance(one.event, Said)
        one.click = attribution.match(connection, one.row.tenant_id, one.text)
        start = _start(one, by_tenant.get(one.row.tenant_id, ()), found.devices)
        if _is_wish(one.text):
            found.wishes.append((one, start))
            continue
        if (one.row.device_id, one.chat_key) in taken_over or not _may_answer(
            one, quiet, found.loops, now
        ):
            continue
        woken = waits.heard_by(waiting, keys[id(one)], one.row.tenant_id)
        for key in keys[id(one)]:
            waiting.pop(key, None)
        if woken:
            found.wakes.append((one, woken, start))
        elif start is None:
            continue
        elif guards.is_backlog(one.event.sent_at, now, world.clock):
            found.unanswered.append(one)
        elif start.listener.burst.quiet_s > 0:
            found.bursts.append(start)
        elif one.is_placed and one.event.media is None:
            fast.append(start)
        else:
            found.starts.append(start)
    if fast:
        _carry(connection, world, fast, found, now)
    return found


def _is_mine(one: Heard) -> bool:
    return isinstance(one.event, Said) and one.event.from_me


def _is_takeover(one: Heard) -> bool:
    """A human typed it on the phone; what other programs send through WAHA, none did."""
    return (
        isinstance(one.event, Said)
        and one.event.from_me
        and not one.is_ours
        and not one.is_history
        and one.event.source != "api"
    )


def _is_wish(text: str | None) -> bool:
    return bool(text) and (classify(text) is OptOut.OPT_OUT or is_opt_in(text))  # type: ignore[arg-type]


def _may_answer(
    one: Heard, quiet: Collection[tuple[int, str]], loops: Collection[int], now: datetime
) -> bool:
    if any((one.row.tenant_id, key) in quiet for key in one.person.keys):
        return False
    if one.chat is None:
        return True
    return one.chat.id not in loops and takeover.is_bot(one.chat, now)


def _start(one: Heard, listeners: Sequence[Listener], devices: Mapping[int, str]) -> Start | None:
    device = devices.get(one.row.device_id)
    if device is None:
        return None
    assert isinstance(one.event, Said)
    for listener in listeners:
        if listener.hears(device, one.event.kind):
            return Start(one, listener, device)
    return None


def _silenced(connection: Connection, incoming: Sequence[Heard]) -> set[tuple[int, str]]:
    rows = _SILENCED.all(
        connection,
        {
            "tenants": sorted({one.row.tenant_id for one in incoming}),
            "keys": sorted({key for one in incoming for key in one.person.keys}),
        },
    )
    return {(row.tenant_id, row.phone) for row in rows}


def _carry(
    connection: Connection,
    world: World,
    starts: Sequence[Start],
    found: Decisions,
    now: datetime,
) -> None:
    """Carry runs on before they are stored; those that need their row first are stored as such."""
    rows = [_new_run(start, -number, world, now) for number, start in enumerate(starts, 1)]
    met = Met(
        values_of(connection, sorted({row.identity_id for row in rows if row.identity_id})),
        {start.one.chat.id: start.one.chat for start in starts},
        found.devices,
    )
    carried = carry_new(world, connection, rows, met, now)
    stored_first = needs_its_row(carried)
    found.carried = carried
    for start, row in zip(starts, rows, strict=True):
        if row.id in stored_first:
            found.starts.append(start)
        else:
            found.new_runs.append((start, row))


def _new_run(start: Start, name: int, world: World, now: datetime) -> NewRun:
    one, listener = start.one, start.listener
    values = triggers.values_of([one], start.device, is_new=start.is_new, clock=world.clock)
    return NewRun(
        id=name,
        tenant_id=listener.tenant_id,
        flow_id=listener.flow_id,
        flow_version_id=listener.version_id,
        trigger=listener.name,
        dedupe_key=triggers.dedupe_key(one),
        kind=INBOUND,
        priority=REPLY,
        seed=triggers.seed_of(one),
        identity_id=one.contact_id,
        chat_session_id=one.chat.id,
        state=triggers.state_of(listener, values),
        created_at=now,
    )


_SILENCED = Hot(
    select(blacklist.c.tenant_id, blacklist.c.phone).where(
        blacklist.c.tenant_id.in_(bindparam("tenants", expanding=True)),
        blacklist.c.phone.in_(bindparam("keys", expanding=True)),
        blacklist.c.reason.in_(sorted(SILENCING)),
    )
)
