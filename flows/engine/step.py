"""Carries a run along its plan until it has to wait or has ended.

Pure: no I/O, no clock, no chance of its own. Times in halts lie on the unscaled time line of
`ctx.now`; whoever stores them shrinks them with the clock. The engine looks at what a node answers,
never at what kind of node it is.
"""

import traceback
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from domain.seeds import generator
from flows.engine.halts import (
    Branching,
    Calling,
    ChildrenDone,
    Ended,
    Event,
    Fanout,
    Halt,
    HandOver,
    Listening,
    Outcome,
    Replying,
    Retrying,
    Sending,
    Signal,
    Sleeping,
    Status,
    Woken,
    Yielded,
)
from flows.engine.plan import Plan, PlanNode
from flows.engine.scope import build_scope
from flows.engine.state import RunState, plain
from flows.engine.trace import Step
from nodes.contract import (
    Call,
    Context,
    Each,
    Go,
    Join,
    NodeError,
    Repeat,
    Reply,
    Send,
    Stop,
    Values,
    Wait,
)

STEP_BUDGET = 1_000
"""Steps of one call: a batch of a hundred runs never waits long for one of them."""

ROUNDS_OF_ONE_REPEAT = 10_000
"""More than any repeat may ask for; keeps the round numbers of nested repeats apart."""

ATTEMPTS_OF_ONE_SEND = 20
"""More than any retry policy allows; keeps the sends of a node that sends several times apart."""

LOG_CHARS_MAX = 4_000

_NOTHING: Mapping[str, Any] = {}

SIGNS = ("typing", "seen")
"""Kinds of message that are only a courtesy: whatever becomes of them, the run goes on."""


class Interrupt(Exception):
    """Raised by Ports when the world is away for a moment; it is no fault of the node.

    Goes through `advance` untouched. The caller throws the state away and takes the stored one.
    """


# --------------------------------------------------------------------------- starting


def begin(
    plan: Plan,
    trigger_id: str,
    *,
    trigger: Values | None = None,
    inputs: Values | None = None,
) -> RunState:
    """A new run that enters by a trigger; `trigger` is the event, `inputs` what the flow asks for.

    Raises: ValueError when the flow has no such trigger.
    """
    entry = plan.entries.get(trigger_id)
    if entry is None:
        raise ValueError(f"flow {plan.id} has no trigger '{trigger_id}'")
    state = RunState(
        trigger_id=trigger_id, trigger=plain(dict(trigger or {})), inputs=plain(dict(inputs or {}))
    )
    _enter(state, trigger_id, entry.targets, entry.join)
    return state


def element(plan: Plan, parent: RunState, node_id: str, item: Values) -> RunState:
    """The run of one element of the container `node_id`, which reads it as `item`."""
    node = plan.nodes[node_id]
    needed = plan.body_reads.get(node_id, frozenset())
    values = plain(dict(item))
    if parent.item is not None:
        values["parent"] = parent.item
    state = RunState(
        trigger_id=parent.trigger_id,
        trigger=parent.trigger,
        inputs=parent.inputs,
        vars=dict(parent.vars),
        steps={step: found for step, found in parent.steps.items() if step in needed},
        item=values,
        within=node_id,
    )
    one = node.next.get("each")
    targets = (one,) if one is not None else node.branches.get("each", ())
    _enter(state, node_id, targets, node.joins.get("each"))
    return state


def item_of(value: Any, index: int) -> dict[str, Any]:
    """A member of a list as `item`: a mapping by its own names, anything else as `value`."""
    item = dict(value) if isinstance(value, Mapping) else {"value": value}
    item.setdefault("index", index)
    item.setdefault("key", str(index))
    return item


def branch(plan: Plan, parent: RunState, halt: Branching, target: str) -> RunState:
    """The run of one branch; it ends where the branches meet."""
    return RunState(
        at=target,
        trigger_id=parent.trigger_id,
        trigger=parent.trigger,
        inputs=parent.inputs,
        vars=dict(parent.vars),
        steps=dict(parent.steps),
        item=parent.item,
        within=plan.nodes[target].within,
        until=halt.join or parent.until,
        rounds=dict(parent.rounds),
        error=parent.error,
    )


def gathered(children: Iterable[RunState], counts: Mapping[str, int]) -> ChildrenDone:
    """The signal for a parent whose branches have ended: what all of them found out."""
    steps: dict[str, dict[str, Any]] = {}
    variables: dict[str, Any] = {}
    for child in children:
        steps.update(child.steps)
        variables.update(child.vars)
    return ChildrenDone(counts, steps, variables)


# --------------------------------------------------------------------------- moving


def advance(
    plan: Plan,
    state: RunState,
    ctx: Context,
    *,
    budget: int = STEP_BUDGET,
    allow_slow: bool = False,
    trace: list[Step] | None = None,
) -> Halt:
    """Run nodes until the run has to wait, has ended, or has taken `budget` steps.

    Changes `state` in place; `ctx.scope` holds contact, chat, tenant and run, `ctx.gap_*` the
    campaign's pause (a node's own pace goes before it); both are left as they were.
    A node that breaks ends its run as failed (internal_error); only Interrupt comes through.
    Raises: ValueError when the run stands still and was given no signal.
    """
    if state.ended is not None:
        return _ended_while_waiting(plan, state, ctx)
    if state.pending is not None:
        raise ValueError(f"the run waits at '{state.at}' ({state.pending[0]}); resume it first")
    given, gap = ctx.scope, (ctx.gap_min_s, ctx.gap_max_s)
    scope = ctx.scope = build_scope(plan, state, ctx)
    try:
        halt = _walk(plan, state, ctx, scope, budget, allow_slow, trace)
        if type(halt) is Ended:
            if trace and halt.status != "succeeded":
                trace[-1].note = f"{halt.status}: {halt.reason}"
            return _closed(plan, state, halt, scope)
        if state.steps and state.at is not None and not _runs_again(state, halt):
            live = plan.nodes[state.at].live
            state.steps = {step: found for step, found in state.steps.items() if step in live}
        return halt
    finally:
        ctx.scope = given
        ctx.gap_min_s, ctx.gap_max_s = gap


def _ended_while_waiting(plan: Plan, state: RunState, ctx: Context) -> Ended:
    """The end of a run whose last node waited: what it gives back is found out now."""
    assert state.ended is not None
    status, reason = state.ended
    if state.outputs:
        return Ended(status, reason, state.error, state.outputs)
    ended = Ended(status, reason, state.error)
    return _closed(plan, state, ended, build_scope(plan, state, ctx))


def _runs_again(state: RunState, halt: Halt) -> bool:
    """Whether the node at `state.at` itself runs next, and so may read anything."""
    if isinstance(halt, HandOver | Yielded | Retrying | Replying):
        return True
    if isinstance(halt, Sending):
        return halt.hears
    return isinstance(halt, Sleeping | Listening) and None in state.pending  # type: ignore[operator]


def _walk(
    plan: Plan,
    state: RunState,
    ctx: Context,
    scope: dict[str, Any],
    budget: int,
    allow_slow: bool,
    trace: list[Step] | None,
) -> Halt:
    nodes = plan.nodes
    live = ctx.mode == "live"
    simulated = ctx.mode == "simulate"
    left = budget
    own_gap = (ctx.gap_min_s, ctx.gap_max_s)
    while True:
        at = state.at
        if at is None:
            return _at_the_end(plan, state)
        if at == state.until:
            return Ended("succeeded")
        node = nodes.get(at)
        if node is None:
            return Ended("failed", "internal_error", log=f"the plan has no node '{at}'")
        if state.failure is not None:
            error, state.failure = state.failure, None
            halt = _failed(plan, state, node, ctx, scope, error, trace)
            if halt is not None:
                return halt
            continue
        if left <= 0:
            return Yielded(at)
        if state.taken >= plan.step_limit:
            return Ended("failed", "runaway", log=f"more than {plan.step_limit} steps")
        if node.queue is not None and not allow_slow and not simulated:
            return HandOver(at, node.queue, node.timeout_s)
        left -= 1
        state.taken += 1
        ctx.node_id = at
        ctx.attempt = state.attempts.get(at, 0) + 1 if state.attempts else 1
        ctx.waited_s = state.waited.get(at, 0.0) if state.waited else 0.0
        own = state.own.get(at, _NOTHING) if state.own else _NOTHING
        ctx.told, ctx.kept = own.get("told"), own.get("kept") or _NOTHING
        ctx.round_no = _round_no(plan, state, node) if state.rounds else 0
        arguments: Mapping[str, Any] = node.constants
        params = node.params
        try:
            if node.gap is None:
                ctx.gap_min_s, ctx.gap_max_s = own_gap
            elif type(node.gap) is tuple:
                ctx.gap_min_s, ctx.gap_max_s = node.gap
            else:
                ctx.gap_min_s, ctx.gap_max_s = node.gap(scope)  # type: ignore[operator]
            if params is None:
                params = node.bind(scope)  # type: ignore[misc]
            if node.inputs:
                arguments = dict(arguments)
                for name, get, required in node.inputs:
                    value = get(scope)
                    if value is not None or required:
                        arguments[name] = value
            if live or not (simulated or node.kind.effect in ("idempotent", "at_most_once")):
                answer = node.run(params, ctx, **arguments)
            else:
                answer = node.simulate(params, ctx, **arguments)
            if type(answer) is Go:
                port = answer.port
                if node.keeps:
                    state.steps[at] = plain(answer.values)
                if answer.vars:
                    set_now = plain(answer.vars)
                    state.vars.update(set_now)
                    scope["vars"].update(set_now)
        except NodeError as found:
            error = {
                "code": found.code,
                "class": found.kind,
                "message": found.message,
                "retriable": found.retriable,
                "detail": found.detail,
            }
            halt = _failed(plan, state, node, ctx, scope, error, trace, arguments)
            if halt is not None:
                return halt
            continue
        except Interrupt:
            raise
        except Exception as broken:
            log = "".join(traceback.format_exception(broken))[-LOG_CHARS_MAX:]
            if trace is not None:
                trace.append(_step(node, None, arguments, {}, "internal_error"))
            return Ended(
                "failed",
                "internal_error",
                _error_object("internal_error", "bad_config", str(broken), node, ctx.attempt),
                log=log,
            )
        if type(answer) is Go:
            if trace is not None:
                if node.params is None:
                    arguments = {**arguments, "params": params}
                trace.append(_step(node, port, arguments, answer.values))
            if state.attempts:
                state.attempts.pop(at, None)
            if state.waited:
                state.waited.pop(at, None)
            if state.own:
                state.own.pop(at, None)
            target = node.next.get(port)
            if target is not None:
                state.at = target
                continue
            ended = _leave(plan, state, node, port, answer.values)
            if ended is not None:
                return ended
            continue
        halt = _stand(plan, state, node, ctx, answer)
        if trace is not None:
            trace.append(_step(node, None, arguments, {}, type(halt or answer).__name__.lower()))
        if halt is not None:
            return halt


def _stand(plan: Plan, state: RunState, node: PlanNode, ctx: Context, answer: Any) -> Halt | None:
    """What an answer other than Go asks for; None when the run goes on at once."""
    at = node.id
    kind = type(answer)
    if kind is Send:
        sends = state.own.get(at, _NOTHING).get("sends", 0)
        attempt = ctx.attempt + sends * ATTEMPTS_OF_ONE_SEND
        state.pending = ["send", answer.message.kind]
        if answer.hear:
            state.pending.append("hear")
            state.own[at] = {"sends": sends + 1, "kept": plain(dict(answer.keep or {}))}
        round_no = _round_no(plan, state, node)
        return Sending(at, answer.message, round_no, attempt, node.priority, answer.hear)
    if kind is Wait:
        if answer.hear and answer.key is not None:
            sends = state.own.get(at, _NOTHING).get("sends", 0)
            state.own[at] = {"sends": sends, "kept": plain(dict(answer.keep or {}))}
            state.pending = ["listen", answer.then, None]
            return Listening(at, answer.key, answer.until)
        if answer.again and answer.until is not None:
            # counted in the time asked for, so that it holds when the clock is scaled
            asked_s = max((answer.until - ctx.now).total_seconds(), 0.0)
            state.waited[at] = state.waited.get(at, 0.0) + asked_s
            on_event = answer.on_event or answer.then
            if answer.key is not None:
                state.pending = ["listen", None, on_event]
                return Listening(at, answer.key, answer.until)
            state.pending = ["sleep", None]
            return Sleeping(at, answer.until)
        if answer.until is not None and answer.until <= ctx.now:
            return _leave(plan, state, node, answer.then, {})
        if answer.key is None:
            if answer.until is None:
                return _broken(node, ctx, "waits for nothing")
            state.pending = ["sleep", answer.then]
            return Sleeping(at, answer.until)
        state.pending = ["listen", answer.then, answer.on_event or answer.then]
        return Listening(at, answer.key, answer.until)
    if kind is Stop:
        return Ended(answer.status, answer.reason)
    if kind is Each:
        if "each" not in node.next and "each" not in node.branches:
            return _go_on(plan, state, node, "done", {"counts": {}})
        state.pending = ["each"]
        round_no = _round_no(plan, state, node)
        return Fanout(at, answer.cursor, answer.window, answer.order, round_no)
    if kind is Repeat:
        begun = state.rounds.get(at, 0)
        if begun < answer.times and ("each" in node.next or "each" in node.branches):
            state.rounds[at] = begun + 1
            return _go_on(plan, state, node, "each", {"round": begun + 1})
        state.rounds.pop(at, None)
        return _go_on(plan, state, node, "done", {"rounds": begun})
    if kind is Join:
        if state.branch is None:  # reached without branches: nothing to wait for
            return _go_on(plan, state, node, "done", {"counts": {}})
        source, *targets = state.branch
        state.branch = None
        state.pending = ["join", source]
        return Branching(
            source,
            tuple(targets),
            at,
            answer.policy,
            answer.count,
            answer.until,
            _round_of(plan, state, source),
        )
    if kind is Call:
        state.pending = ["call"]
        return Calling(at, answer.flow, plain(answer.inputs), answer.version)
    if kind is Reply:
        body = (
            answer.body if isinstance(answer.body, str) else answer.body.decode("utf-8", "replace")
        )
        state.reply = {"status": answer.status, "headers": dict(answer.headers), "body": body}
        port = "ok" if "ok" in node.next or "ok" in node.branches else "next"
        ended = _leave(plan, state, node, port, {})
        if ended is not None:
            state.at = None
            state.ended = [ended.status, ended.reason]
        return Replying(at, answer.status, answer.headers, answer.body)
    return _broken(node, ctx, f"answered {kind.__name__}, which is no answer")


def resume(plan: Plan, state: RunState, signal: Signal, *, trace: list[Step] | None = None) -> bool:
    """Tell a waiting run what happened; the next `advance` goes on from there.

    False when the run does not wait for such a thing (a late or doubled signal): then nothing
    has changed.
    """
    if state.pending is None or state.ended is not None:
        return False
    what, *ports = state.pending
    values: Values = {}
    port: str | None = None  # None: the node runs again
    if what in ("sleep", "retry") and isinstance(signal, Woken):
        port = ports[0] if what == "sleep" else None
    elif what == "listen" and isinstance(signal, Event | Woken):
        port = ports[1] if isinstance(signal, Event) else ports[0]
        values = signal.values if isinstance(signal, Event) else {}
    elif what in ("send", "call") and isinstance(signal, Outcome):
        port, values = signal.port, signal.values
        if what == "send" and ports[0] in SIGNS:
            port = "ok"
        if ports[-1:] == ["hear"] and port != "error":
            values, port = {"port": port, **values}, None
    elif what == "each" and isinstance(signal, ChildrenDone):
        port, values = "done", {"counts": dict(signal.counts)}
    elif what == "join" and isinstance(signal, ChildrenDone | Woken):
        port = "done" if isinstance(signal, ChildrenDone) else "timeout"
        if isinstance(signal, ChildrenDone):
            values = {"counts": dict(signal.counts)}
            state.steps.update(signal.steps)
            state.vars.update(plain(dict(signal.vars)))
    else:
        return False
    state.pending = None
    if port is None:
        if state.at in state.own and not isinstance(signal, Woken):
            state.own[state.at]["told"] = plain(dict(values))
            if trace is not None:
                trace.append(_step(plan.nodes[state.at], None, {}, values, "heard"))
        return True
    if state.at is None:
        _branches_over(plan, state, ports[0], values)
        return True
    node = plan.nodes[state.at]
    if port == "error":
        state.failure = {
            "code": str(values.get("code") or values.get("class") or "upstream"),
            "class": str(values.get("class") or "upstream"),
            "message": str(values.get("message") or ""),
            "retriable": bool(values.get("retriable", False)),
            "detail": plain(dict(values.get("detail") or {})),
        }
        return True
    state.attempts.pop(node.id, None)
    state.waited.pop(node.id, None)
    state.own.pop(node.id, None)
    if node.keeps:
        state.steps[node.id] = plain(dict(values))
    if trace is not None:
        trace.append(_step(node, port, {}, values))
    if what == "send" and port == "ok":
        state.error = None  # an earlier error was made good
    if what == "send" and port == "unknown" and not _wired(node, port):
        ended: Ended | None = Ended("failed", "unknown_outcome")
    else:
        ended = _leave(plan, state, node, port, values)
    if ended is not None:
        state.ended = [ended.status, ended.reason]
    return True


# --------------------------------------------------------------------------- ways out


def _enter(state: RunState, source: str, targets: tuple[str, ...], join: str | None) -> None:
    if len(targets) > 1:
        state.branch = [source, *targets]
        state.at = join
    else:
        state.at = targets[0] if targets else None


def _wired(node: PlanNode, port: str) -> bool:
    return port in node.next or port in node.branches


def _go_on(plan: Plan, state: RunState, node: PlanNode, port: str, values: Values) -> Ended | None:
    """Leave by a port with values of the engine's own making."""
    if node.keeps:
        state.steps[node.id] = plain(dict(values))
    return _leave(plan, state, node, port, values)


def _leave(plan: Plan, state: RunState, node: PlanNode, port: str, values: Values) -> Ended | None:
    """Move to where `port` leads; the end of the run when it leads nowhere.

    A port that leads nowhere ends its path: all went well, except that an element which left by a
    port other than the good ones (blocked, none, else ...) was skipped.
    """
    target = node.next.get(port)
    if target is not None:
        state.at = target
        return None
    targets = node.branches.get(port)
    if targets is not None:
        state.branch = [node.id, *targets]
        state.at = node.joins.get(port)
        return None
    if node.within is not None and node.within != state.within:
        state.at = node.within  # a round of the repeat around it is over
        return None
    if port in node.passing:
        if state.item is not None and state.error is not None:
            return Ended("failed", str(state.error.get("code")), state.error)
        return Ended("succeeded")
    status: Status = "skipped" if state.item is not None else "succeeded"
    return Ended(status, str(values.get("reason") or f"{node.id}.{port}"))


def _at_the_end(plan: Plan, state: RunState) -> Halt:
    """Nothing left to run: the branches of a fork that meets nowhere, or the end."""
    if state.branch is None:
        return Ended("succeeded")
    source, *targets = state.branch
    state.branch = None
    state.pending = ["join", source]
    return Branching(source, tuple(targets), None, round_no=_round_of(plan, state, source))


def _branches_over(plan: Plan, state: RunState, source: str, values: Values) -> None:
    """Branches that meet nowhere have ended: so has the path they came from."""
    counts = values.get("counts") or {}
    node = plan.nodes.get(source)
    if counts.get("failed"):
        state.ended = ["failed", "branch_failed"]
    elif node is not None and node.within is not None and node.within != state.within:
        state.at = node.within
    else:
        state.ended = ["succeeded", None]


def _closed(plan: Plan, state: RunState, ended: Ended, scope: Mapping[str, Any]) -> Ended:
    """Close the run and drop what nobody will read again."""
    outputs: Values = {}
    if ended.status == "succeeded" and plan.outputs is not None and state.until is None:
        outputs = plain(plan.outputs(scope))
    state.at = None
    state.pending = state.branch = state.failure = None
    state.ended = [ended.status, ended.reason]
    state.error = dict(ended.error) if ended.error is not None else None
    state.attempts, state.waited, state.rounds, state.own = {}, {}, {}, {}
    if state.until is None:  # a branch hands its steps to the run it came from
        state.steps = {}
    if outputs:
        state.outputs = dict(outputs)
        return Ended(ended.status, ended.reason, ended.error, outputs, ended.log)
    return ended


# --------------------------------------------------------------------------- errors


def _failed(
    plan: Plan,
    state: RunState,
    node: PlanNode,
    ctx: Context,
    scope: dict[str, Any],
    error: Mapping[str, Any],
    trace: list[Step] | None,
    arguments: Values | None = None,
) -> Halt | None:
    """Try again, leave by the error port, or end, as the node's policy says."""
    attempt = state.attempts.get(node.id, 0) + 1
    known = {**error, "node": node.id, "attempt": attempt}
    policy = node.retry
    if (
        policy is not None
        and known["retriable"]
        and attempt <= policy.max
        and (not policy.only or known["class"] in policy.only)
    ):
        state.attempts[node.id] = attempt
        state.pending = ["retry"]
        delay_s = policy.base_s
        if policy.backoff == "exponential":
            delay_s = policy.base_s * 2.0 ** (attempt - 1)
        delay_s = min(delay_s, policy.cap_s)
        if policy.jitter:
            draw = generator(ctx.seed, ctx.identity, node.id, "retry", attempt)
            delay_s = draw.uniform(0.0, delay_s)
        if trace is not None:
            trace.append(_step(node, None, arguments or {}, {}, "retrying", known))
        return Retrying(node.id, ctx.now + timedelta(seconds=delay_s), attempt, known)
    state.attempts.pop(node.id, None)
    state.own.pop(node.id, None)
    wired = _wired(node, "error")
    if trace is not None:
        trace.append(_step(node, "error", arguments or {}, {}, "", known))
    if wired:
        state.error = scope["error"] = known
        return _leave(plan, state, node, "error", {})
    if node.on_error == "continue":
        return _go_on(plan, state, node, node.through, {})
    state.error = known
    if node.on_error == "skip":
        return Ended("skipped", str(known["code"]), known)
    return Ended("failed", str(known["code"]), known)


def _broken(node: PlanNode, ctx: Context, what: str) -> Ended:
    message = f"node {node.id} ({node.kind.name}) {what}"
    return Ended(
        "failed",
        "internal_error",
        _error_object("internal_error", "bad_config", message, node, ctx.attempt),
        log=message,
    )


def _error_object(
    code: str, kind: str, message: str, node: PlanNode, attempt: int
) -> dict[str, Any]:
    return {
        "code": code,
        "class": kind,
        "message": message[:1_000],
        "node": node.id,
        "attempt": attempt,
        "retriable": False,
        "detail": {},
    }


# --------------------------------------------------------------------------- small things


def _round_no(plan: Plan, state: RunState, node: PlanNode) -> int:
    """One number for the rounds of all repeats around a node; 0 outside of any."""
    number = 0
    around = node.within
    while around is not None and state.rounds:
        if around in state.rounds:
            number = number * ROUNDS_OF_ONE_REPEAT + state.rounds[around]
        around = plan.nodes[around].within
    return number


def _round_of(plan: Plan, state: RunState, source: str) -> int:
    """The round of a fork; a trigger that forks stands in no repeat."""
    node = plan.nodes.get(source)
    return 0 if node is None else _round_no(plan, state, node)


def _step(
    node: PlanNode,
    port: str | None,
    inputs: Values,
    outputs: Values,
    note: str = "",
    error: Values | None = None,
) -> Step:
    return Step(node.id, port, inputs, outputs, error, note, node.secrets, node.save)
