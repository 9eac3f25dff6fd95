"""Nodes made for these tests, and short ways to compile and run documents that use them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast

from pydantic import Field

from flows.document import Document
from flows.engine.halts import Halt
from flows.engine.plan import Plan, compile_plan
from flows.engine.state import RunState
from flows.engine.step import advance, begin
from nodes.contract import (
    REGISTRY,
    Call,
    Context,
    Each,
    Go,
    Join,
    Message,
    NodeError,
    NodeKind,
    Params,
    Ports,
    Repeat,
    Reply,
    Send,
    Stop,
    Wait,
    node,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # a Monday, 10:00 in Jakarta


class Nothing(Params):
    pass


class Shape(Params):
    port: str = "ok"
    give: dict[str, Any] = Field(default_factory=dict)
    set: dict[str, Any] = Field(default_factory=dict)


class Say(Params):
    text: str = Field(json_schema_extra={"x-lang": "text"})
    note: str = Field("", json_schema_extra={"x-lang": "jinja"})


class Test(Params):
    __test__ = False

    test: Any = Field(None, json_schema_extra={"x-lang": "jsonlogic"})


class Fails(Params):
    times: int = 1
    kind: Any = "upstream"
    retriable: bool = True


class Naps(Params):
    seconds: float = 60.0
    key: str | None = None
    again: bool = False


class Times(Params):
    times: int = 3


class Ends(Params):
    status: Any = "succeeded"
    reason: str | None = None


class Joins(Params):
    policy: Any = "all"
    count: int = 0
    seconds: float | None = None


def start(params: Nothing, ctx: Context) -> Go:
    return Go("next")


def shape(params: Shape, ctx: Context, *, read: Any = None) -> Go:
    return Go(params.port, {**params.give, "read": read}, params.set)


def need(params: Nothing, ctx: Context, *, value: str, other: str = "other") -> Go:
    return Go("ok", {"value": value, "other": other})


def say(
    params: Say,
    ctx: Context,
    *,
    like: Annotated[str, Field(json_schema_extra={"x-lang": "text"})] = "",
) -> Go:
    return Go("ok", {"text": params.text, "note": params.note, "like": like})


def test(params: Test, ctx: Context) -> Go:
    return Go("match" if params.test else "else")


def fails(params: Fails, ctx: Context) -> Go:
    if ctx.attempt <= params.times:
        raise NodeError("not now", kind=params.kind, code="not_now", retriable=params.retriable)
    return Go("ok", {"attempt": ctx.attempt})


def breaks(params: Nothing, ctx: Context) -> Go:
    raise ZeroDivisionError("poison")


def away(params: Nothing, ctx: Context) -> Go:
    ctx.ports.blocked("x")
    return Go("ok")


def naps(params: Naps, ctx: Context) -> Wait | Go:
    if params.again and ctx.waited_s >= params.seconds * 2:
        return Go("ok", {"waited": ctx.waited_s})
    until = ctx.now + timedelta(seconds=params.seconds)
    if params.key:
        return Wait(until, then="timeout", key=params.key, on_event="replied")
    return Wait(until, again=params.again)


def each(params: Nothing, ctx: Context, *, items: Any) -> Each:
    return Each({"kind": "list", "items": items}, window=2)


def again(params: Times, ctx: Context) -> Repeat:
    return Repeat(params.times)


def joins(params: Joins, ctx: Context) -> Join:
    until = None if params.seconds is None else ctx.now + timedelta(seconds=params.seconds)
    return Join(params.policy, params.count, until)


def ends(params: Ends, ctx: Context) -> Stop:
    return Stop(params.reason, params.status)


def send(params: Nothing, ctx: Context, *, to: str, text: str = "hi", kind: str = "text") -> Send:
    return Send(
        Message(
            kind=cast(Any, kind),
            device="toko",
            to=to,
            text=text,
            gap_min_s=ctx.gap_min_s,
            gap_max_s=ctx.gap_max_s,
        )
    )


def slow(params: Nothing, ctx: Context) -> Go:
    return Go("ok", {"mode": ctx.mode})


def slow_try(params: Nothing, ctx: Context) -> Go:
    return Go("ok", {"mode": "pretended"})


def call(params: Nothing, ctx: Context, *, flow: str) -> Call:
    return Call(flow, {"a": 1})


def reply(params: Nothing, ctx: Context) -> Reply:
    return Reply(302, {"location": "https://wa.me/62811"})


def odd(params: Nothing, ctx: Context) -> Any:
    return "ok"


def unjson(params: Nothing, ctx: Context) -> Go:
    return Go("ok", {"thing": object()})


def _declare(run: Callable[..., Any], name: str, gives: Sequence[str], **more: Any) -> NodeKind:
    before = dict(REGISTRY)
    try:
        node(
            f"for-tests-{name}",
            title=name,
            title_id=name,
            gives=tuple(gives),
            effect=more.pop("effect", "pure"),
            **more,
        )(run)
        return REGISTRY[f"for-tests-{name}", 1]
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)


KINDS: dict[str, NodeKind] = {
    "start": _declare(start, "start", ("next",), trigger=True),
    "shape": _declare(shape, "shape", ("ok", "blocked", "error")),
    "need": _declare(need, "need", ("ok", "error")),
    "say": _declare(say, "say", ("ok", "error")),
    "test": _declare(test, "test", ("match", "else")),
    "fails": _declare(fails, "fails", ("ok", "error")),
    "breaks": _declare(breaks, "breaks", ("ok", "error")),
    "away": _declare(away, "away", ("ok", "error")),
    "naps": _declare(naps, "naps", ("ok", "replied", "timeout")),
    "each": _declare(each, "each", ("each", "done", "error"), container=True),
    "again": _declare(again, "again", ("each", "done"), container=True),
    "joins": _declare(joins, "joins", ("done", "timeout")),
    "ends": _declare(ends, "ends", ()),
    "send": _declare(send, "send", ("ok", "skipped", "unknown", "error"), effect="at_most_once"),
    "slow": _declare(slow, "slow", ("ok",), effect="idempotent", queue="media", simulate=slow_try),
    "call": _declare(call, "call", ("ok", "error")),
    "reply": _declare(reply, "reply", ("ok",)),
    "odd": _declare(odd, "odd", ("ok",)),
    "unjson": _declare(unjson, "unjson", ("ok",)),
}


def document(nodes: Mapping[str, Mapping[str, Any]], **more: Any) -> Document:
    """A document whose trigger `go` leads to the first node (or to `start`)."""
    first = more.pop("start", next(iter(nodes), None))
    return Document.model_validate(
        {
            "flow": "alir/1",
            "kind": "broadcast",
            "id": "tes",
            "name": "Tes",
            "triggers": {"go": {"type": "start", "next": first}},
            "nodes": nodes,
            **more,
        }
    )


def plan(
    nodes: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any] | None = None, **more: Any
) -> Plan:
    return compile_plan(document(nodes, **more), given, find=KINDS.get)


def context(**more: Any) -> Context:
    values: dict[str, Any] = {
        "now": NOW,
        "tenant_id": 1,
        "run_id": 7,
        "node_id": "",
        "seed": "seed",
        "identity": "628111",
        "mode": "live",
        "ports": cast(Ports, None),
        "scope": {},
        **more,
    }
    return Context(**values)


def later(ctx: Context, seconds: float) -> Context:
    return replace(ctx, now=ctx.now + timedelta(seconds=seconds))


def run(plan: Plan, trigger: Mapping[str, Any] | None = None, **more: Any) -> Halt:
    return advance(plan, begin(plan, "go", trigger=trigger), context(**more))


def path(plan: Plan, **more: Any) -> tuple[list[str], Halt]:
    """The nodes that ran until the first halt, and the halt."""
    state: RunState = begin(plan, "go", trigger=more.pop("trigger", None))
    steps: list[Any] = []
    halt = advance(plan, state, context(**more), trace=steps)
    return [step.node for step in steps], halt
