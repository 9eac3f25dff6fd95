"""Runs a flow on a virtual clock and tells what would be sent, when, and from which device."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from domain.pacing import Kind
from domain.seeds import generator
from domain.windows import Windows, windows
from flows.document import Document
from flows.engine.halts import (
    Branching,
    Calling,
    ChildrenDone,
    Ended,
    Event,
    Fanout,
    Listening,
    Outcome,
    Replying,
    Retrying,
    Sending,
    Signal,
    Sleeping,
    Woken,
)
from flows.engine.plan import Finder, Plan, PlanNode, compile_plan
from flows.engine.state import RunState
from flows.engine.step import (
    SIGNS,
    advance,
    begin,
    branch,
    element,
    gathered,
    item_of,
    resume,
)
from flows.engine.trace import RUN_BYTES_MAX, Step, written
from flows.references import Ref, look_up
from flows.simulate.lanes import Lane
from flows.simulate.world import World
from nodes import catalogue
from nodes.contract import Answer, Context, Go, Message, NodeError, Params

DEFAULT_NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
"""A Monday, 10:00 in Jakarta: the same every time, so that two tries can be compared."""

DEFAULT_SEED = "preview"

EVENTS_MAX = 1_000_000
"""A simulation with more events than this is cut short and says so."""

BROADCAST_KINDS = ("broadcast", "schedule")

Pin = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SimulatedSend:
    """One message that would go out."""

    at: datetime
    device: str
    to: str
    text: str
    kind: str
    node: str
    item: str | None = None
    media: str | None = None
    variant: str = ""


@dataclass(slots=True)
class Simulation:
    """What came out. `status`: succeeded, failed, skipped, waiting, or cut (too many events)."""

    status: str = "waiting"
    reason: str | None = None
    error: Mapping[str, Any] | None = None
    sends: list[SimulatedSend] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    elements: list[dict[str, Any]] = field(default_factory=list)
    """How each element of a for-each ended: {node, key, status, reason}."""
    replies: list[dict[str, Any]] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    trace: list[dict[str, Any]] = field(default_factory=list)
    started_at: datetime = DEFAULT_NOW
    ended_at: datetime = DEFAULT_NOW

    def as_json(self) -> dict[str, Any]:
        """Plain values; times as ISO texts."""
        found = asdict(self)
        for name in ("started_at", "ended_at"):
            found[name] = found[name].isoformat()
        for send in found["sends"]:
            send["at"] = send["at"].isoformat()
        return found


def simulate(
    document: Document,
    *,
    trigger: str | None = None,
    event: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    world: World | None = None,
    context: Mapping[str, Any] | None = None,
    pins: Mapping[str, Pin] | None = None,
    answers: Mapping[str, Pin] | None = None,
    seed: str = DEFAULT_SEED,
    now: datetime = DEFAULT_NOW,
    find: Finder = catalogue.find,
) -> Simulation:
    """Run a flow to its end, without sending. The same arguments always give the same result.

    `trigger` may be left out when there is one; `event` is what the trigger brings. `context` adds
    roots to the scope (contact, chat, tenant). `pins` stand for nodes: {port, ...outputs}; a list
    of them for one try after the other. `answers` are replies that come to waits, by node id:
    {after_s, ...values}, or a list of them for one wait after the other. Waits jump.
    Raises: PlanError, ValueError for a trigger that is not there.
    """
    plan = compile_plan(document, params, find=find)
    entry = trigger or next(iter(plan.entries), "")
    simulator = _Simulator(
        plan=_pinned(plan, pins or {}),
        world=world or World(),
        scope=dict(context or {}),
        answers=dict(answers or {}),
        seed=seed,
        now=now,
        rules=_quiet(document),
        per_day=_per_day(document, plan.params),
    )
    return simulator.run(begin(plan, entry, trigger=event, inputs=inputs))


# --------------------------------------------------------------------------- the clock


@dataclass(slots=True)
class _Run:
    """One run, element or branch under way."""

    state: RunState
    identity: str
    parent: "_Run | None" = None
    key: str | None = None
    steps: list[Step] = field(default_factory=list)
    group: "_Group | None" = None
    """The children it waits for."""
    heard: dict[str, int] = field(default_factory=dict)
    """How many answers have come to each of its waits."""
    epoch: int = 0
    """Grows with every move, so that a timeout that came too late is told from a later one."""


@dataclass(slots=True)
class _Group:
    """Children of one run: those still to come, and how those that ended did."""

    node: str
    waiting: Iterator[_Run]
    counts: dict[str, int]
    wanted: int | None = None
    """So many ends are enough (None: all)."""
    active: int = 0
    ended: list[RunState] = field(default_factory=list)
    told: bool = False


_Lane = Lane[tuple[_Run, str]]
_Due = tuple[datetime, int, _Run | _Lane, int, Signal | None]
"""When, in which order, who, at which epoch, with what."""


class _Simulator:
    def __init__(
        self,
        *,
        plan: Plan,
        world: World,
        scope: dict[str, Any],
        answers: dict[str, Pin],
        seed: str,
        now: datetime,
        rules: tuple[Windows, ...],
        per_day: int | None,
    ) -> None:
        self.plan = plan
        self.world = world
        self.scope = scope
        self.answers = answers
        self.seed = seed
        self.now = now
        self.rules = rules
        self.per_day = per_day
        self.kind = Kind.BROADCAST if plan.kind in BROADCAST_KINDS else Kind.REPLY
        self.queue: list[_Due] = []
        self.order = 0
        self.lanes: dict[str, _Lane] = {}
        self.ran: dict[str, None] = {}
        self.trace_bytes = 0
        self.result = Simulation(started_at=now, ended_at=now)

    def run(self, state: RunState) -> Simulation:
        root = _Run(state, self._identity(state))
        self._at(self.now, root, None)
        events = 0
        while self.queue and events < EVENTS_MAX:
            events += 1
            when, _, who, epoch, signal = heapq.heappop(self.queue)
            if isinstance(who, Lane):
                if when == who.due:
                    self.now = when
                    self._lane(who)
                continue
            if epoch != who.epoch:
                continue
            self.now = when
            if signal is None or resume(self.plan, who.state, signal, trace=who.steps):
                self._go(who)
        if self.queue:
            self.result.status = "cut"
        self._write(root)
        self.result.vars = root.state.vars
        self.result.ended_at = self.now
        self.result.ran = list(self.ran)
        self.result.not_run = [node for node in self.plan.nodes if node not in self.ran]
        return self.result

    def _at(self, when: datetime, run: _Run, signal: Signal | None) -> None:
        self._push(max(when, self.now), run, run.epoch, signal)

    def _tick(self, when: datetime, lane: _Lane) -> None:
        """Look at a lane again at `when`, or sooner if it is due sooner."""
        if lane.due is None or when < lane.due:
            lane.due = when
            self._push(when, lane, 0, None)

    def _push(self, when: datetime, who: _Run | _Lane, epoch: int, signal: Signal | None) -> None:
        self.order += 1
        heapq.heappush(self.queue, (when, self.order, who, epoch, signal))

    # ------------------------------------------------------------------ runs

    def _go(self, run: _Run) -> None:
        run.epoch += 1
        while True:
            halt = advance(
                self.plan, run.state, self._context(run), allow_slow=True, trace=run.steps
            )
            match halt:
                case Ended():
                    self._ended(run, halt)
                case Sending():
                    self._send(run, halt)
                case Sleeping():
                    self._at(halt.until, run, Woken())
                case Retrying():
                    self._at(halt.at, run, Woken())
                case Listening():
                    self._listen(run, halt)
                case Fanout():
                    self._fan_out(run, halt)
                case Branching():
                    self._fork(run, halt)
                case Calling():
                    outputs = self.world.flows.get(halt.flow)
                    called = None if outputs is None else Outcome("ok", {"outputs": dict(outputs)})
                    self._at(self.now, run, called or _not_called(halt))
                case Replying():
                    body = halt.body if isinstance(halt.body, str) else halt.body.decode("latin-1")
                    self.result.replies.append(
                        {"status": halt.status, "headers": dict(halt.headers), "body": body}
                    )
                    continue
                case _:  # the budget of one call, or a slow node: go on here
                    continue
            self._write(run)
            return

    def _context(self, run: _Run) -> Context:
        return Context(
            now=self.now,
            tenant_id=0,
            run_id=0,
            node_id="",
            seed=self.seed,
            identity=run.identity,
            mode="simulate",
            ports=self.world,
            scope={"tenant": self.world.profile(), **self.scope},
            kind=self.kind.value,
        )

    def _identity(self, state: RunState) -> str:
        for place in (
            "item.contact.phone",
            "item.phone",
            "trigger.contact.phone",
            "trigger.chat_id",
            "contact.phone",
        ):
            found = look_up(place, {"item": state.item, "trigger": state.trigger, **self.scope})
            if found:
                return str(found).partition("@")[0]
        return str((state.item or {}).get("key", ""))

    def _ended(self, run: _Run, halt: Ended) -> None:
        parent = run.parent
        if parent is None:
            self.result.status, self.result.reason = halt.status, halt.reason
            self.result.error = halt.error
            self.result.outputs = halt.outputs
            return
        group = parent.group
        if group is None:
            return
        group.active -= 1
        group.counts[_counted(halt)] += 1
        group.ended.append(run.state)
        if run.key is not None:
            self.result.elements.append(
                {"node": group.node, "key": run.key, "status": halt.status, "reason": halt.reason}
            )
        self._next_children(parent, group)

    def _next_children(self, parent: _Run, group: _Group, room: int = 1) -> None:
        for child in group.waiting:
            group.active += 1
            self._at(self.now, child, None)
            room -= 1
            if room <= 0:
                break
        over = group.active == 0
        enough = group.wanted is not None and len(group.ended) >= group.wanted
        if (over or enough) and not group.told:
            group.told = True
            signal = (
                gathered(group.ended, group.counts)
                if group.wanted is not None
                else ChildrenDone(group.counts)
            )
            self._at(self.now, parent, signal)

    def _fan_out(self, run: _Run, halt: Fanout) -> None:
        members = list(self.world.elements(halt.cursor))
        if halt.order == "shuffled":
            generator(self.seed, halt.node_id, "order").shuffle(members)

        def children() -> Iterator[_Run]:
            for index, member in enumerate(members):
                item = item_of(member, index)
                state = element(self.plan, run.state, halt.node_id, item)
                yield _Run(state, self._identity(state), run, str(item["key"]))

        counts = {"total": len(members), "ok": 0, "skipped": 0, "failed": 0, "unknown": 0}
        self.result.counts[halt.node_id] = counts
        run.group = _Group(halt.node_id, children(), counts)
        self._next_children(run, run.group, halt.window)

    def _fork(self, run: _Run, halt: Branching) -> None:
        counts = {"total": len(halt.targets), "ok": 0, "skipped": 0, "failed": 0, "unknown": 0}
        wanted = {"all": len(halt.targets), "any": 1, "count": halt.count}[halt.policy]
        children = [
            _Run(branch(self.plan, run.state, halt, target), run.identity, run)
            for target in halt.targets
        ]
        run.group = _Group(halt.node_id, iter(children), counts, wanted)
        if halt.until is not None:
            self._at(halt.until, run, Woken())
        self._next_children(run, run.group, len(children))

    def _listen(self, run: _Run, halt: Listening) -> None:
        given = self.answers.get(halt.node_id, ())
        number = run.heard.get(halt.node_id, 0)
        listed = [given] if isinstance(given, Mapping) else list(given)
        if number < len(listed):
            answer = listed[number]
            run.heard[halt.node_id] = number + 1
            values = {name: value for name, value in answer.items() if name != "after_s"}
            when = self.now.timestamp() + float(answer.get("after_s", 0.0))
            self._at(datetime.fromtimestamp(when, UTC), run, Event(values))
        if halt.until is not None:
            self._at(halt.until, run, Woken())

    # ------------------------------------------------------------------ lanes

    def _send(self, run: _Run, halt: Sending) -> None:
        message = halt.message
        if message.kind in SIGNS:
            self._at(self.now, run, Outcome("ok", {}))
            return
        if self.kind is Kind.BROADCAST and (reason := self.world.blocked(message.to)):
            self._at(self.now, run, Outcome("skipped", {"reason": reason.lower()}))
            return
        lane = self.lanes.get(message.device)
        if lane is None:
            lane = Lane(message.device, self.seed, self.rules, self.per_day)
            self.lanes[message.device] = lane
        lane.take(message, self.kind, (run, halt.node_id))
        self._tick(self.now, lane)

    def _lane(self, lane: _Lane) -> None:
        lane.due = None
        found = lane.next(self.now)
        if found is None:
            return
        leave, kind = found
        if leave.at is None:
            _, (run, _node) = lane.drop(kind)
            reason = leave.reason.value if leave.reason is not None else "never_open"
            self._at(self.now, run, Outcome("skipped", {"reason": reason}))
        elif leave.at > self.now:
            self._tick(leave.at, lane)
            return
        else:
            message, (run, node_id) = lane.leaves(kind, self.now)
            number = len(self.result.sends) + 1
            self.result.sends.append(_sent(self.now, message, node_id, run))
            values = {"message_id": f"simulated-{number}", "device": lane.device}
            self._at(self.now, run, Outcome("ok", values))
        self._tick(self.now, lane)

    # ------------------------------------------------------------------ trace

    def _write(self, run: _Run) -> None:
        """Move a run's steps into the trace, as long as there is room."""
        for step in run.steps:
            self.ran.setdefault(step.node)
        if self.trace_bytes < RUN_BYTES_MAX:
            for entry in written(run.steps, used_bytes=self.trace_bytes):
                self.trace_bytes += len(str(entry))
                self.result.trace.append(entry if run.key is None else {**entry, "item": run.key})
        run.steps.clear()


def _counted(halt: Ended) -> str:
    if halt.reason == "unknown_outcome":
        return "unknown"
    return "ok" if halt.status == "succeeded" else halt.status


def _sent(at: datetime, message: Message, node_id: str, run: _Run) -> SimulatedSend:
    return SimulatedSend(
        at=at,
        device=message.device,
        to=message.to,
        text=message.text,
        kind=message.kind,
        node=node_id,
        item=run.key,
        media=message.media.url if message.media is not None else None,
        variant=message.path,
    )


def _not_called(halt: Calling) -> Outcome:
    return Outcome(
        "error",
        {
            "code": "not_simulated",
            "class": "bad_config",
            "message": f"The flow '{halt.flow}' is not simulated; pin this step, or say under "
            "'flows' what it gives back.",
        },
    )


# --------------------------------------------------------------------------- setting up


def _pinned(plan: Plan, pins: Mapping[str, Pin]) -> Plan:
    """The plan with pinned nodes replaced by their answers."""
    unknown = sorted(set(pins) - set(plan.nodes))
    if unknown:
        raise ValueError(f"a pin names no node of this flow: {unknown[0]}")
    if not pins:
        return plan
    nodes = {
        node_id: _pinned_node(node, pins[node_id]) if node_id in pins else node
        for node_id, node in plan.nodes.items()
    }
    return replace(plan, nodes=nodes)


def _pinned_node(node: PlanNode, pin: Pin) -> PlanNode:
    answers = [pin] if isinstance(pin, Mapping) else list(pin)
    usual = "done" if node.kind.container else (node.kind.gives or ("ok",))[0]

    def answer(params: Params, ctx: Context) -> Answer:
        given = answers[min(ctx.attempt, len(answers)) - 1]
        values = {name: value for name, value in given.items() if name != "port"}
        port = str(given.get("port", usual))
        if port == "error":
            raise NodeError(
                str(values.get("message", "pinned error")),
                kind=values.get("class", "upstream"),
                code=str(values.get("code", "")),
                retriable=bool(values.get("retriable", False)),
                detail=values.get("detail"),
            )
        return Go(port, values)

    return replace(
        node,
        run=answer,
        simulate=answer,
        params=Params(),
        bind=None,
        constants={},
        inputs=(),
        queue=None,
        gap=None,
    )


def _quiet(document: Document) -> tuple[Windows, ...]:
    quiet = document.limits.quiet_hours
    if quiet is None:
        return ()
    return (windows(quiet=f"{quiet.start}-{quiet.end}", zone=quiet.tz),)


def _per_day(document: Document, params: Mapping[str, Any]) -> int | None:
    limit = document.limits.device_per_day
    if isinstance(limit, Ref):
        found = next(
            (
                value
                for path in limit.paths
                if (value := look_up(path, {"params": params})) is not None
            ),
            None,
        )
        return int(found) if isinstance(found, int) and found > 0 else None
    return limit


__all__ = ["DEFAULT_NOW", "SimulatedSend", "Simulation", "simulate"]
