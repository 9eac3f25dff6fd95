"""Runs one node through the engine, each of its ports wired, and tells which one it took."""

from collections.abc import Mapping
from typing import Any

from flows.document import Document
from flows.engine.halts import (
    Branching,
    Calling,
    ChildrenDone,
    Ended,
    Fanout,
    Halt,
    Outcome,
    Replying,
    Sending,
    Signal,
    Woken,
)
from flows.engine.plan import compile_plan
from flows.engine.step import advance, begin, element, item_of, resume
from nodes import catalogue
from nodes.contract import NodeKind
from tests.nodes.world import SARI, World, context

TURNS_MAX = 20
BODY = {"type": "set-variables", "with": {"values": {"putaran": 1}}}
FORK = {"type": "set-variables", "with": {"values": {"cabang": 1}}}


def ports_of(kind: NodeKind, with_: Mapping[str, Any]) -> tuple[str, ...]:
    """The ways out of a node filled in like this."""
    if kind.ports_from is None:
        return kind.ports(None)
    filled_in = {name: value for name, value in with_.items() if name not in kind.inputs}
    return kind.ports(kind.params.model_validate(filled_in))


def port_taken(
    kind: str,
    with_: Mapping[str, Any],
    *,
    world: World | None = None,
    signal: Signal | None = None,
    into_body: bool = False,
    mode: str = "live",
) -> str:
    """The port by which a node of this kind leaves, or how the run ended when it took none.

    Every port leads to a `stop` that bears its name. Whatever the run stands still for goes well
    at once, unless `signal` says what happens instead. The body of a container is entered with
    `into_body` and otherwise run to its end; a join is reached by two branches.
    """
    found = catalogue.find(kind)
    assert found is not None, kind
    plan = compile_plan(Document.model_validate(_document(found, with_, into_body)))
    ctx = context(world, {"item": None}, mode=mode)
    state = begin(plan, "mulai", trigger={"contact": SARI, "text": "Halo"})
    halt = advance(plan, state, ctx, allow_slow=True)
    for _ in range(TURNS_MAX):
        if isinstance(halt, Ended):
            return str(halt.reason or halt.status)
        if isinstance(halt, Fanout) and into_body:
            state = element(plan, state, "satu", item_of("a", 0))
        elif not isinstance(halt, Replying):
            heard = signal is not None and resume(plan, state, signal)
            assert heard or resume(plan, state, _all_well(halt)), halt
        halt = advance(plan, state, ctx, allow_slow=True)
    raise AssertionError(f"{kind} goes round and round: {halt}")


def _document(kind: NodeKind, with_: Mapping[str, Any], into_body: bool) -> dict[str, Any]:
    ports = () if kind.trigger else ports_of(kind, with_)
    nodes: dict[str, Any] = {
        f"lewat_{port}": {"type": "stop", "with": {"reason": port}} for port in ports or ("next",)
    }
    if kind.container:
        nodes["lewat_each"] = {**(nodes["lewat_each"] if into_body else BODY), "within": "satu"}
    entry: dict[str, Any] = {"type": "manual", "next": ["satu"]}
    if kind.trigger:
        entry = {"type": kind.kind, "with": dict(with_), "next": ["lewat_next"]}
    else:
        nodes["satu"] = {
            "type": kind.kind,
            "with": dict(with_),
            "next": {port: f"lewat_{port}" for port in ports},
        }
    if kind.kind == "join":
        entry["next"] = ["kiri", "kanan"]
        nodes |= {side: {**FORK, "next": {"ok": "satu"}} for side in entry["next"]}
    return {
        "flow": "alir/1",
        "kind": "broadcast",
        "id": "satu_langkah",
        "name": "Satu langkah",
        "triggers": {"mulai": entry},
        "nodes": nodes,
    }


def _all_well(halt: Halt) -> Signal:
    if isinstance(halt, Sending):
        return Outcome("ok", {"message_id": "m1", "device": halt.message.device})
    if isinstance(halt, Calling):
        return Outcome("ok", {"outputs": {}})
    if isinstance(halt, Fanout | Branching):
        return ChildrenDone({"succeeded": 1})
    return Woken()
