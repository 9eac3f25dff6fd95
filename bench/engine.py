"""How many steps of pure nodes the engine takes in a second, in one process; prints JSON."""

import argparse
import json
import os
import platform
import statistics
import time
from datetime import UTC, datetime
from typing import Any, cast

from flows.document import Document
from flows.engine.plan import Plan, compile_plan
from flows.engine.state import RunState
from flows.engine.step import advance, begin, element, item_of
from flows.engine.trace import Step, written
from nodes.contract import (
    REGISTRY,
    Context,
    Go,
    Message,
    NodeKind,
    Params,
    Ports,
    Send,
    node,
)

CHAIN = 20


class Compare(Params):
    than: int = 3


def compare(params: Compare, ctx: Context, *, value: int) -> Go:
    return Go("more" if value > params.than else "less", {"value": value + 1})


def send(params: Params, ctx: Context, *, to: str, text: str) -> Send:
    return Send(Message(kind="text", device="toko", to=to, text=text))


def each(params: Params, ctx: Context) -> Go:
    return Go("done")


def _kind(run: Any, name: str, gives: tuple[str, ...], **more: Any) -> NodeKind:
    run.__annotations__["params"] = run.__annotations__.get("params", Params)
    node(name, title=name, title_id=name, gives=gives, effect="pure", **more)(run)
    return REGISTRY.pop((name, 1))


KINDS = {
    "compare": _kind(compare, "bench-compare", ("more", "less")),
    "send": _kind(send, "bench-send", ("ok",)),
    "each": _kind(each, "bench-each", ("each", "done"), container=True),
    "manual": _kind(each, "bench-start", ("next",), trigger=True),
}


def chain() -> Plan:
    """Steps that read what the step before them gave, and branch on it."""
    nodes: dict[str, Any] = {}
    for index in range(CHAIN):
        source = f"steps.n{index - 1}.value" if index else "trigger.value"
        target = f"n{index + 1}"
        nodes[f"n{index}"] = {
            "type": "compare",
            "with": {"than": 5, "value": {"$": source}},
            "next": {"more": target, "less": target} if index + 1 < CHAIN else {},
        }
    return _compiled(nodes, "n0")


def recipient() -> Plan:
    """What one recipient of a broadcast costs: two pure steps, a send, and the state as JSON."""
    return _compiled(
        {
            "all": {"type": "each", "next": {"each": "a"}},
            "a": {
                "type": "compare",
                "within": "all",
                "with": {"value": {"$": "item.contact.id"}},
                "next": {"more": "b", "less": "b"},
            },
            "b": {
                "type": "compare",
                "within": "all",
                "with": {"value": {"$": "steps.a.value"}},
                "next": {"more": "s", "less": "s"},
            },
            "s": {
                "type": "send",
                "within": "all",
                "with": {"to": {"$": "item.contact.phone"}, "text": {"$": "item.contact.name"}},
            },
        },
        "all",
    )


def _compiled(nodes: dict[str, Any], start: str) -> Plan:
    document = Document.model_validate(
        {
            "flow": "alir/1",
            "kind": "broadcast",
            "id": "bench",
            "name": "Bench",
            "triggers": {"go": {"type": "manual", "next": start}},
            "nodes": nodes,
        }
    )
    return compile_plan(document, find=KINDS.get)


def context() -> Context:
    return Context(
        now=datetime(2026, 1, 1, tzinfo=UTC),
        tenant_id=1,
        run_id=1,
        node_id="",
        seed="bench",
        identity="628111",
        mode="live",
        ports=cast(Ports, None),
        scope={},
    )


def steps_per_s(seconds: float, traced: bool) -> float:
    plan, ctx, taken = chain(), context(), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for value in range(50):
            trace: list[Step] | None = [] if traced else None
            advance(plan, begin(plan, "go", trigger={"value": value}), ctx, trace=trace)
            taken += CHAIN
            if trace is not None:
                written(trace)
    return taken / (time.perf_counter() - began)


def recipients_per_s(seconds: float) -> float:
    plan, ctx, done = recipient(), context(), 0
    parent = begin(plan, "go")
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for index in range(50):
            contact = {"id": index, "phone": "628111222333", "name": "Sari"}
            state = element(plan, parent, "all", item_of({"contact": contact}, index))
            RunState.from_json(state.to_json())
            advance(plan, state, ctx)
            state.to_json()
            done += 1
    return done / (time.perf_counter() - began)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    figures = {
        "node_steps_per_s": [steps_per_s(given.seconds, False) for _ in range(given.rounds)],
        "node_steps_per_s_traced": [steps_per_s(given.seconds, True) for _ in range(given.rounds)],
        "recipients_per_s": [recipients_per_s(given.seconds) for _ in range(given.rounds)],
    }
    print(
        json.dumps(
            {
                name: {
                    "median": round(statistics.median(values)),
                    "lowest": round(min(values)),
                    "highest": round(max(values)),
                }
                for name, values in figures.items()
            }
            | {"load": os.getloadavg(), "python": platform.python_version(), "target": 50_000},
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
