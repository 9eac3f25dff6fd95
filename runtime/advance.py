"""Advances the runs that are due: claim a batch, carry each along its plan, record all at once."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Table, bindparam, insert, select
from sqlalchemy.exc import DataError, IntegrityError

from flows.engine import halts
from flows.engine.plan import Plan, PlanError
from flows.engine.state import RunState
from flows.engine.step import Interrupt, advance, branch, resume
from flows.engine.trace import Step, written
from nodes.contract import Context, Message
from runtime import announce, arrivals, calls, chat_scope, claims, fanout, own_campaign
from runtime.claims import RunUpdate, claim_runs, record_runs, runs
from runtime.plans import Plans
from runtime.ports import DatabaseAway, DbPorts, TurnBlocks
from services.campaigns import progress
from services.campaigns.models import Campaign
from services.devices.models import Device
from services.integrations.waha.addresses import phone_of
from services.kit.clock import Clock
from services.kit.db import AWAY, Database
from services.kit.outbound_http import Door
from services.kit.statements import Hot
from services.messages.ledger import (
    BROADCAST,
    DRIP,
    TEST,
    NewMessage,
    cancel_waiting,
    enqueue,
)

campaigns: Table = Campaign.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.advance")

SEND_KEY = "send"
"""`wait_key` of a run that waits for the outcome of its message."""
LAST_SEND_KEY = "send!"
"""The same, where nothing follows a message that went out: the run ends with it."""
ANSWER_S, SERVICE_S = 24 * 3600.0, 3600.0
"""So long after a message, or another program's call, what a run says counts as asked for."""
UNASKED = ("schedule", "event")
"""Kinds of runs that nobody outside started: what they send stops with an opt-out."""
DRIP_GAP_S = (5.0, 20.0)
"""The pause of a reminder whose flow asks for none."""
_ENDED = {"succeeded": "SUCCEEDED", "failed": "FAILED", "skipped": "SUCCEEDED"}


@dataclass(slots=True)
class Batch:
    """What a batch of runs asks to be written."""

    epochs: dict[int, int] = field(default_factory=dict)
    """The claimed runs, by the epoch they were claimed at."""
    updates: list[RunUpdate] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    children: list[dict[str, Any]] = field(default_factory=list)
    ended_logs: list[dict[str, Any]] = field(default_factory=list)
    parents: set[int] = field(default_factory=set)
    later: list[tuple[int, Callable[[Connection], None]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class World:
    """What a process needs to advance runs."""

    database: Database
    clock: Clock
    plans: Plans
    blocks: TurnBlocks
    media_root: Path = Path("var/media")
    ocr_url: str = ""
    """The program that reads images; only the slow workers call it."""
    door: Door = field(default_factory=Door)
    """The way to other people's servers; only the slow workers go out."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Claimed runs that were carried on, not written down yet."""

    batch: Batch
    ports: Sequence[DbPorts]
    now: datetime


@dataclass(slots=True)
class NewRun:
    """A run that is carried before it is stored; below zero its id is only a name till then.

    The fields are columns of flow_runs, so that it goes the same way as a claimed row.
    """

    id: int
    tenant_id: int
    flow_id: int
    flow_version_id: int
    trigger: str
    dedupe_key: str
    kind: str
    priority: int
    seed: str
    identity_id: int | None
    chat_session_id: int | None
    state: dict[str, Any]
    created_at: datetime
    mode: str = "live"
    campaign_id: None = None
    campaign_log_id: None = None
    parent_id: None = None
    item_key: None = None
    replay_of: None = None
    cursor: None = None
    signal: None = None
    trace: None = None
    desired_state: None = None
    wait_key: None = None
    started_at: None = None
    epoch: int = 0


def advance_due(world: World, queue: str = "hot") -> int:
    """One batch of due runs; returns how many there were."""
    with world.database.write() as connection:
        rows = claim_runs(connection, world.clock.now(), world.clock, queue)
    if not rows:
        return 0
    carried = carry(world, rows, queue)
    with world.database.write() as connection:
        written_down = write_within(connection, carried)
    if not written_down:
        write_singly(world, carried)
    return len(rows)


def carry(world: World, rows: Sequence[Row[Any]], queue: str = "hot") -> Carried:
    """Carry claimed runs along their plans; changes nothing in the database yet.

    Raises: what the database raised when it went away meanwhile; the runs may be carried again.
    """
    now = world.clock.now()
    batch = Batch(epochs={row.id: row.epoch for row in rows})
    with world.database.read() as connection:
        surroundings = _Surroundings(connection, world, rows, now)
        for row in rows:
            _advance_one(row, surroundings, batch, allow_slow=queue != "hot")
    # A slow step took its time: what it says is due from now on, and not late already.
    said_at = now if queue == "hot" else world.clock.now()
    return Carried(batch, surroundings.all_ports(), said_at)


def carry_new(
    world: World,
    connection: Connection,
    rows: Sequence[NewRun],
    met: "chat_scope.Met",
    now: datetime,
) -> Carried:
    """Carry runs that are not stored yet; `met` are their people and chats, read already."""
    batch = Batch(epochs={row.id: 0 for row in rows})
    surroundings = _Surroundings(connection, world, rows, now, met)
    for row in rows:
        _advance_one(row, surroundings, batch, allow_slow=False)
    return Carried(batch, surroundings.all_ports(), now)


def needs_its_row(carried: Carried) -> set[int]:
    """New runs that ask for what only a stored run can have: elements, or deeds of their own."""
    return {run_id for run_id, _ in carried.batch.later} | {
        one["parent_id"] for one in carried.batch.children
    }


def write_new(connection: Connection, carried: Carried, rows: Sequence[NewRun]) -> None:
    """Store these new runs as they stand, with the messages they ask for."""
    batch = carried.batch
    stored = {row.id: row for row in rows}
    ids = claims.insert_new(
        connection,
        [(stored[one.run_id], one.values) for one in batch.updates if one.run_id in stored],
    )
    enqueue(
        connection,
        [replace(one, run_id=ids[one.run_id]) for one in batch.messages if one.run_id in ids],
        carried.now,
    )
    for port in carried.ports:
        port.write_down(connection, carried.now)


class _Surroundings:
    """What a batch of runs stands in, read once."""

    def __init__(
        self,
        connection: Connection,
        world: World,
        rows: Sequence[Any],
        now: datetime,
        met: "chat_scope.Met | None" = None,
    ) -> None:
        self.connection = connection
        self.world = world
        self.now = now
        self._ports: dict[int, DbPorts] = {}
        self._device_ids: dict[int, dict[str, int]] = {}
        self.met = chat_scope.meet(connection, rows) if met is None else met
        phones: dict[int, list[str]] = {}
        for row in rows:
            contact = self.contact(row)
            if contact and contact.get("phone"):
                phones.setdefault(row.tenant_id, []).append(str(contact.get("phone")))
        self._phones = phones
        wanted = sorted({row.campaign_id for row in rows if row.campaign_id is not None})
        found = _CAMPAIGNS.all(connection, {"ids": wanted}) if wanted else []
        self.campaigns = {row.id: row for row in found}

    def ports(self, tenant_id: int) -> DbPorts:
        if tenant_id not in self._ports:
            self._ports[tenant_id] = DbPorts(
                self.connection,
                self.world.database,
                self.world.blocks,
                tenant_id,
                self._phones.get(tenant_id, ()),
                self.now,
                self.world.media_root,
                self.world.ocr_url,
                clock=self.world.clock,
                door=self.world.door,
            )
        return self._ports[tenant_id]

    def all_ports(self) -> Sequence[DbPorts]:
        return list(self._ports.values())

    def plan(self, row: Any) -> Plan:
        if row.campaign_id is None:
            return self.world.plans.of_version(self.connection, row.flow_version_id).plan
        campaign = self.campaigns.get(row.campaign_id)
        params = campaign.params if campaign is not None else {}
        return self.world.plans.get(self.connection, row.flow_version_id, params)

    def contact(self, row: Any) -> Mapping[str, Any] | None:
        """The person of a run: the element's, else whom its chat or its start names."""
        return _contact_of(row) or self.met.contacts.get(row.identity_id)

    def device_id(self, tenant_id: int, name: str) -> int | None:
        if tenant_id not in self._device_ids:
            rows = _DEVICE_IDS.all(self.connection, {"tenant": tenant_id})
            self._device_ids[tenant_id] = {row.session_name: row.id for row in rows}
        return self._device_ids[tenant_id].get(name)


_CAMPAIGNS = Hot(select(campaigns).where(campaigns.c.id.in_(bindparam("ids", expanding=True))))
_CHILDREN = Hot(insert(runs))
_DEVICE_IDS = Hot(
    select(devices.c.session_name, devices.c.id).where(
        devices.c.tenant_id == bindparam("tenant"), devices.c.deleted_at.is_(None)
    )
)


def _contact_of(row: Row[Any]) -> Mapping[str, Any] | None:
    item = (row.state or {}).get("item")
    found = item.get("contact") if isinstance(item, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _advance_one(row: Any, surroundings: _Surroundings, batch: Batch, *, allow_slow: bool) -> None:
    """Carry one run on; whatever goes wrong ends this run and no other."""
    try:
        if row.desired_state is not None:
            _obey(row, surroundings, batch)
            return
        if row.cursor is not None:
            signal = fanout.feed(row, surroundings, batch)
            if signal is None:
                return
            row_signal: halts.Signal | None = signal
        else:
            row_signal = _signal_of(row)
        plan = surroundings.plan(row)
        state = RunState.from_json(row.state or {})
        trace: list[Step] = []
        if row.wait_key is not None and arrivals.is_arriving(row.wait_key):
            found = arrivals.look(row, state, surroundings)
            if not isinstance(found, arrivals.Ready):
                _still_arriving(row, state, found, surroundings, batch)
                return
            row_signal = found.signal
        if row_signal is not None:
            resume(plan, state, row_signal, trace=trace)
        elif state.pending is not None:
            resume(plan, state, halts.Woken(), trace=trace)
        if state.pending is not None:
            # Woken for something this run does not wait for: it goes on waiting.
            _keep_waiting(row, state, batch)
            return
        context = _context(row, state, surroundings)
        halt = advance(plan, state, context, allow_slow=allow_slow, trace=trace)
        while isinstance(halt, halts.Replying):
            halt = advance(plan, state, context, allow_slow=allow_slow, trace=trace)
        _settle(row, plan, state, halt, trace, surroundings, batch)
    except (DatabaseAway, *AWAY):
        raise  # of no run: the whole batch is carried again
    except Interrupt:
        _again(row, surroundings, batch)
    except (PlanError, LookupError, ValueError) as error:
        log.warning("run_broken", run=row.id, tenant=row.tenant_id, error=str(error)[:300])
        _end(row, "FAILED", f"flow_broken: {error}"[:200], None, [], surroundings.now, batch)
    except Exception:
        log.error("run_crashed", run=row.id, tenant=row.tenant_id, trace=traceback.format_exc())
        _end(row, "FAILED", "internal_error", None, [], surroundings.now, batch)


def _signal_of(row: Row[Any]) -> halts.Signal | None:
    signal = row.signal
    if not signal:
        return None
    match signal["t"]:
        case "outcome":
            return halts.Outcome(signal["port"], signal.get("values") or {})
        case "event":
            return halts.Event(signal.get("values") or {})
        case _:
            raise ValueError(f"unknown signal {signal['t']!r}")


def _still_arriving(
    row: Any,
    state: RunState,
    found: "arrivals.Later | arrivals.Never",
    surroundings: _Surroundings,
    batch: Batch,
) -> None:
    if isinstance(found, arrivals.Never):
        _end(row, "CANCELLED", found.reason, None, [], surroundings.now, batch)
        return
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_state": state.to_dict(),
                "new_trace": row.trace,
                "new_started_at": row.started_at,
                "new_wait_key": found.wait_key,
                "new_wake_at": found.until,
                "new_signal": row.signal,
            },
        )
    )


def _context(row: Any, state: RunState, surroundings: _Surroundings) -> Context:
    contact = surroundings.contact(row)
    chat = surroundings.met.scope_of(row, state.trigger, surroundings.now)
    if row.kind == "inbound" and contact is not None and not state.trigger.get("contact"):
        state.trigger["contact"] = dict(contact)
    ports = surroundings.ports(row.tenant_id)
    campaign = surroundings.campaigns.get(row.campaign_id)
    return Context(
        now=surroundings.now,
        tenant_id=row.tenant_id,
        run_id=row.id,
        node_id=state.at or "",
        seed=row.seed,
        identity=chat_scope.identity(row, contact, chat),
        mode=row.mode,
        ports=ports.for_run(row),
        scope={
            "tenant": ports.profile(),
            "run": {"id": row.id, "seed": row.seed, "campaign_id": row.campaign_id},
            "contact": contact or {},
            "chat": chat,
        },
        attempt=1,
        kind=row.kind,
        skip_missing=bool(campaign is not None and campaign.skip_missing),
    )


def _settle(
    row: Row[Any],
    plan: Plan,
    state: RunState,
    halt: halts.Halt,
    trace: list[Step],
    surroundings: _Surroundings,
    batch: Batch,
) -> None:
    now, clock = surroundings.now, surroundings.world.clock
    values: dict[str, Any] = {}
    match halt:
        case halts.Ended(status=status, reason=reason, log=told):
            if told:
                log.warning("run_failed", run=row.id, reason=reason, detail=told[:2000])
            if reason is None and status == "skipped":
                reason = "skipped"
            _end(row, _ENDED[status], reason, state, trace, now, batch, skipped=status == "skipped")
            return
        case halts.Sending(message=message):
            refused = _send(row, halt, message, surroundings, batch)
            if refused is not None:
                values = {"new_wake_at": now, "new_wait_key": SEND_KEY}
                signal = {"t": "outcome", "port": "error", "values": refused}
                batch.later.append((row.id, _delivered(row.id, signal, now)))
            else:
                values = {"new_wait_key": LAST_SEND_KEY if _is_last(row, plan, halt) else SEND_KEY}
        case halts.Sleeping(until=until) | halts.Retrying(at=until):
            values = {"new_wake_at": _scaled(until, now, clock)}
        case halts.Listening(key=key, until=until):
            values = {
                "new_wait_key": key[:120],
                "new_wake_at": None if until is None else _scaled(until, now, clock),
            }
        case halts.HandOver(queue=queue):
            values = {"new_queue": queue, "new_wake_at": now, "new_status": "QUEUED"}
        case halts.Yielded():
            values = {"new_wake_at": now, "new_status": "QUEUED"}
        case halts.Fanout(cursor=cursor):
            values = {"new_cursor": fanout.cursor_of(halt), "new_wake_at": now}
            if cursor.get("kind") == "audience" and row.campaign_id is None:
                if row.parent_id is not None:
                    # Nobody would close its campaign: it belongs to the run that called.
                    _end(row, "FAILED", "audience_inside_another_run", state, trace, now, batch)
                    return
                batch.later.append((row.id, own_campaign.begin(row, plan, now)))
        case halts.Branching(targets=targets):
            for target in targets:
                key = fanout.branch_key(halt.node_id, halt.round_no, target)
                batch.children.append(_child(row, key, branch(plan, state, halt, target), now))
            values = {"new_cursor": fanout.cursor_of_branches(halt), "new_wake_at": now}
        case halts.Calling():
            values = calls.call(row, state, halt, surroundings, batch)
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_state": state.to_dict(),
                "new_trace": _traced(row, trace),
                "new_started_at": row.started_at or now,
                **values,
            },
        )
    )


def _is_last(row: Row[Any], plan: Plan, halt: halts.Sending) -> bool:
    """Whether the run has nothing left to do, and nobody to tell, once this message went out."""
    node = plan.nodes[halt.node_id]
    if halt.hears:
        return False
    if "ok" in node.next or "ok" in node.branches:
        return False
    if row.campaign_log_id is not None:
        return True
    return (
        row.kind == "inbound"
        and row.parent_id is None
        and plan.outputs is None
        and node.within is None
    )


def _delivered(
    run_id: int, signal: Mapping[str, Any], now: datetime
) -> Callable[[Connection], None]:
    """A signal for a run that is recorded in the same transaction."""

    def deliver(connection: Connection) -> None:
        claims.wake(
            connection,
            [
                {"run": run_id, "key": key, "what": dict(signal), "at": now}
                for key in (SEND_KEY, LAST_SEND_KEY)
            ],
        )

    return deliver


def _scaled(until: datetime, now: datetime, clock: Clock) -> datetime:
    return now + timedelta(seconds=clock.seconds(max((until - now).total_seconds(), 0.0)))


def _send(
    row: Row[Any],
    halt: halts.Sending,
    message: Message,
    surroundings: _Surroundings,
    batch: Batch,
) -> dict[str, Any] | None:
    """Put the message into the batch; an error object when its device can't be found."""
    device_id = surroundings.device_id(row.tenant_id, message.device)
    if device_id is None:
        return {
            "code": "no_such_device",
            "class": "bad_config",
            "message": f"There is no device called {message.device!r}.",
        }
    contact = surroundings.contact(row)
    is_contact = surroundings.met.is_to(row, contact, message.to)
    chat_id = surroundings.met.chat_id(row, message) if is_contact else None
    # Only what goes to the recipient is the campaign's; a notice to the owner is not.
    of_campaign = row.campaign_log_id is not None and is_contact
    pass_no = 1 + halt.round_no * 100 + (halt.attempt - 1)
    origin = _origin(row, surroundings, of_campaign=of_campaign, is_contact=is_contact)
    gap_s = (message.gap_min_s, message.gap_max_s)
    if origin == "BROADCAST" and not of_campaign and not any(gap_s):
        gap_s = DRIP_GAP_S
    batch.messages.append(
        NewMessage(
            tenant_id=row.tenant_id,
            device_id=device_id,
            origin=origin,
            kind=message.kind,
            priority=_priority(row, origin, of_campaign=of_campaign),
            chat_key=phone_of(message.to) or message.to,
            body=message.text,
            media=None
            if message.media is None
            else {
                "url": message.media.url,
                "mimetype": message.media.mimetype,
                "filename": message.media.filename,
            },
            recipe=None
            if message.recipe is None
            else {
                "source": message.recipe.source,
                "values": dict(message.recipe.values),
                "seed": message.recipe.seed,
            },
            variant=message.path[:200] or None,
            link_preview=message.link_preview,
            typing_s=message.typing_s,
            gap_min_s=gap_s[0],
            gap_max_s=gap_s[1],
            campaign_id=row.campaign_id if of_campaign else None,
            campaign_log_id=row.campaign_log_id if of_campaign else None,
            run_id=row.id,
            node_id=halt.node_id,
            pass_no=pass_no,
            identity_id=row.identity_id if is_contact else None,
            chat_session_id=chat_id,
            is_cold=bool(of_campaign and contact is not None and not contact.get("warm")),
        )
    )
    return None


def _origin(row: Any, surroundings: _Surroundings, *, of_campaign: bool, is_contact: bool) -> str:
    """What a message is to its device and to the blacklist.

    An answer, a notice to the owner, or what nobody asked for at this moment: of a campaign, of a
    schedule or an event, or a reminder long after what started its run.
    """
    if of_campaign:
        return "BROADCAST"
    if row.kind == "broadcast" or (row.kind == "inbound" and not is_contact):
        return "NOTICE"
    if row.mode != "live":
        return "REPLY"
    fresh_s = ANSWER_S if row.kind == "inbound" else 0.0 if row.kind in UNASKED else SERVICE_S
    age = surroundings.now - row.created_at
    return "BROADCAST" if age >= surroundings.world.clock.span(fresh_s) else "REPLY"


def _priority(row: Any, origin: str, *, of_campaign: bool) -> int:
    if of_campaign:
        return TEST if row.kind == "test" else BROADCAST
    return DRIP if origin == "BROADCAST" else min(row.priority, TEST)


def _end(
    row: Row[Any],
    status: str,
    reason: str | None,
    state: RunState | None,
    trace: list[Step],
    now: datetime,
    batch: Batch,
    *,
    skipped: bool = False,
) -> None:
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_status": status,
                "new_reason": reason,
                "new_state": row.state if state is None else _kept(row, state),
                "new_trace": _traced(row, trace),
                "new_started_at": row.started_at or now,
                "new_finished_at": now,
                "new_counts": {"skipped": 1} if skipped else None,
            },
        )
    )
    if row.campaign_log_id is not None:
        batch.ended_logs.append(
            {
                "run": row.id,
                "log": row.campaign_log_id,
                "word": status if status in ("FAILED", "CANCELLED") else "SKIPPED",
                "why": (reason or "nothing_to_send")[:60],
                "at": now,
            }
        )
    elif row.campaign_id is not None and row.parent_id is None:
        batch.later.append(
            (
                row.id,
                lambda connection: progress.close(connection, row.campaign_id, status, reason, now),
            )
        )
    elif status == "FAILED" and row.campaign_id is None and row.parent_id is None:
        batch.later.append((row.id, lambda connection: announce.failed(connection, row, now)))
    if row.parent_id is not None:
        batch.parents.add(row.parent_id)


def _kept(row: Row[Any], state: RunState) -> dict[str, Any] | None:
    """What a run that has ended still holds: a branch's findings are read by its parent."""
    if row.campaign_log_id is not None:
        return None
    return state.to_dict()


def _traced(row: Row[Any], trace: list[Step]) -> list[Any] | None:
    before = list(row.trace or ())
    if not trace:
        return before or None
    return before + written(trace, used_bytes=len(before) * 200)


def _keep_waiting(row: Row[Any], state: RunState, batch: Batch) -> None:
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_state": state.to_dict(),
                "new_trace": row.trace,
                "new_started_at": row.started_at,
                "new_wait_key": row.wait_key or SEND_KEY,
            },
        )
    )


def _again(row: Row[Any], surroundings: _Surroundings, batch: Batch) -> None:
    """The world is away for a moment: the run stands as it was stored, and is tried again soon."""
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_status": "QUEUED",
                "new_state": row.state,
                "new_cursor": row.cursor,
                "new_trace": row.trace,
                "new_started_at": row.started_at,
                "new_wait_key": row.wait_key,
                "new_signal": row.signal,
                "new_wake_at": surroundings.now + surroundings.world.clock.span(5.0),
            },
        )
    )


def _obey(row: Row[Any], surroundings: _Surroundings, batch: Batch) -> None:
    """A person asked this run to pause or to end."""
    if row.desired_state == "CANCELLED":
        _end(row, "CANCELLED", "cancelled", None, [], surroundings.now, batch)
        batch.later.append((row.id, lambda connection: cancel_waiting(connection, row.id)))
        return
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_status": "PAUSED",
                "new_state": row.state,
                "new_cursor": row.cursor,
                "new_trace": row.trace,
                "new_started_at": row.started_at,
                "new_wait_key": row.wait_key,
                "new_signal": row.signal,
                "new_wake_at": row.wake_at,
            },
        )
    )


def _child(row: Row[Any], key: str, state: RunState, now: datetime) -> dict[str, Any]:
    return fanout.child_values(
        row, item_key=key, state=state.to_dict(), now=now, identity_id=row.identity_id
    )


def write_within(connection: Connection, carried: Carried) -> bool:
    """Record a batch in the caller's transaction; False (and nothing written) when a row collides.

    A run is never split from its messages and its elements: a crash in between would lose them.
    """
    try:
        with connection.begin_nested():
            _write_all(connection, carried.batch, carried.ports, carried.now)
    except (IntegrityError, DataError):
        log.warning("batch_collided", runs=len(carried.batch.epochs))
        return False
    return True


def write_singly(world: World, carried: Carried) -> None:
    """Record a batch that collided: each run by itself."""
    with world.database.write() as connection:
        for port in carried.ports:
            port.write_down(connection, carried.now)
    for run_id in carried.batch.epochs:
        _write_one(world, _part(carried.batch, run_id), carried.now)


def _write_all(
    connection: Connection, batch: Batch, ports: Sequence[DbPorts], now: datetime
) -> None:
    """What a worker that was too slow asks for is left out: the run is somebody else's by now."""
    ours = claims.still_ours(connection, batch.epochs)
    if len(ours) < len(batch.epochs):
        log.warning("runs_lost", runs=len(batch.epochs) - len(ours))
    record_runs(connection, [one for one in batch.updates if one.run_id in ours])
    enqueue(connection, [one for one in batch.messages if one.run_id in ours], now)
    children = [one for one in batch.children if one["parent_id"] in ours]
    if children:
        _CHILDREN.many(connection, children)
    progress.end_without_send(connection, [one for one in batch.ended_logs if one["run"] in ours])
    for port in ports:
        port.write_down(connection, now)
    for run_id, deed in batch.later:
        if run_id in ours:
            deed(connection)
    claims.ring_parents(connection, batch.parents, now)


def _part(batch: Batch, run_id: int) -> Batch:
    """What one run of a batch asks for."""
    return Batch(
        {run_id: batch.epochs[run_id]},
        [one for one in batch.updates if one.run_id == run_id],
        [one for one in batch.messages if one.run_id == run_id],
        [one for one in batch.children if one["parent_id"] == run_id],
        [one for one in batch.ended_logs if one["run"] == run_id],
        batch.parents,
        [one for one in batch.later if one[0] == run_id],
    )


def _write_one(world: World, part: Batch, now: datetime) -> None:
    try:
        with world.database.write() as connection:
            _write_all(connection, part, [], now)
    except (IntegrityError, DataError) as error:
        run_id, epoch = next(iter(part.epochs.items()))
        log.error("run_collided", run=run_id, error=str(error.orig)[:300])
        if part.messages and isinstance(error, IntegrityError):
            # This person has this message of the campaign already, from another run.
            values = {"t": "outcome", "port": "skipped", "values": {"reason": "already_sent"}}
            part.messages = []
            part.later.append((run_id, _delivered(run_id, values, now)))
        else:
            ended = {
                **(part.updates[0].values if part.updates else {}),
                "new_status": "FAILED",
                "new_reason": "collided" if isinstance(error, IntegrityError) else "unwritable",
                "new_cursor": None,
                "new_wait_key": None,
                "new_wake_at": None,
                "new_finished_at": now,
            }
            part = Batch({run_id: epoch}, [RunUpdate(run_id, epoch, ended)])
        with world.database.write() as connection:
            _write_all(connection, part, [], now)
