"""A stored run goes on exactly like one that was never put away."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.engine.halts import (
    Branching,
    ChildrenDone,
    Ended,
    Event,
    Fanout,
    Listening,
    Outcome,
    Sending,
    Woken,
)
from flows.engine.state import RunState, plain
from flows.engine.step import advance, begin, branch, element, gathered, item_of, resume
from nodes.contract import Media
from tests.flows.engine.kit import context, plan


class Colour(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    one: int
    two: str


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": (1, 2.5, None, True, "x")}, {"a": [1, 2.5, None, True, "x"]}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("1.50"), "1.50"),
        (Colour.RED, "red"),
        ({Colour.RED: 1, 2: 3}, {"red": 1, "2": 3}),
        ({3, 1, 2}, [1, 2, 3]),
        (Pair(1, "x"), [1, "x"]),
        (
            Media("http://x/a.png", "image/png"),
            {"url": "http://x/a.png", "mimetype": "image/png", "filename": None},
        ),
    ],
)
def test_outputs_become_what_json_would_give_back(value, found):
    assert plain(value) == found
    assert type(plain(value)) is type(found)


@pytest.mark.parametrize("value", [object(), {None: 1}, [b"bytes"], lambda: 1])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError):
        plain(value)


def test_a_state_keeps_everything_through_json():
    state = RunState(
        at="a",
        trigger_id="go",
        trigger={"x": 1},
        item={},
        steps={"a": {}},
        vars={"v": [1]},
        rounds={"r": 2},
        attempts={"a": 1},
        waited={"a": 1.5},
        pending=["listen", None, "replied"],
        taken=3,
    )

    assert RunState.from_json(state.to_json()) == state
    assert RunState.from_json(state.to_dict()) == state
    assert RunState.from_json(state.to_json().decode()) == state


def test_an_empty_state_is_small():
    assert RunState(at="a").to_json() == b'{"at":"a"}'


def test_a_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="another version"):
        RunState.from_json(b'{"soul":1}')


# --------------------------------------------------------------------------- whatever the flow

GRAPH = {
    "a": {"type": "shape", "with": {"give": {"n": "1"}, "set": {"v": "2"}}},
    "w": {"type": "naps"},
    "l": {"type": "naps", "with": {"key": "k"}},
    "s": {
        "type": "send",
        "with": {"to": {"$": "trigger.to"}, "text": {"$": ["steps.n0.n", "vars.v"]}},
    },
    "f": {"type": "fails", "with": {"times": 2}, "retry": {"max": 3, "base": "1s"}},
    "e": {"type": "fails", "with": {"times": 9}, "on_error": "continue"},
    "x": {"type": "slow"},
}


@st.composite
def graphs(draw):
    """A flow: a chain of any nodes, with a loop, a fan-out or a fork in the middle."""
    names = draw(st.lists(st.sampled_from(sorted(GRAPH)), min_size=1, max_size=7))
    middle = draw(st.sampled_from(["none", "each", "again", "fork"]))
    nodes = {}
    chain = [f"n{index}" for index in range(len(names))]
    inside = chain[len(chain) // 2 :] if middle in ("each", "again") else []
    for index, (node_id, name) in enumerate(zip(chain, names, strict=True)):
        follower = chain[index + 1] if index + 1 < len(chain) else None
        spec = {**GRAPH[name], "next": {}}
        if node_id in inside:
            spec["within"] = "c"
        elif follower in inside:
            follower = "c"
        if follower:
            ports = {"w": ["ok"], "l": ["replied", "timeout"], "s": ["ok", "skipped"]}
            spec["next"] = dict.fromkeys(ports.get(name, ["ok"]), follower)
        nodes[node_id] = spec
    if inside:
        kind = {"type": "each", "with": {"items": [{"k": 1}, {"k": 2}]}}
        if middle == "again":
            kind = {"type": "again", "with": {"times": 2}}
        nodes["c"] = {**kind, "next": {"each": inside[0], "done": "z"}}
        nodes["z"] = {"type": "send", "with": {"to": "9", "text": {"$": "steps.n0.n"}}}
    if middle == "fork":
        nodes["z"] = {"type": "send", "with": {"to": "8"}, "next": {"ok": "j"}}
        nodes["y"] = {"type": "shape", "with": {"set": {"v": "3"}}, "next": {"ok": "j"}}
        nodes["j"] = {"type": "joins", "next": {"done": "q"}}
        nodes["q"] = {"type": "send", "with": {"to": "7", "text": {"$": "vars.v"}}}
        nodes[chain[-1]] = {**nodes[chain[-1]], "next": {"ok": ["z", "y"]}}
    start = "c" if chain[0] in inside else chain[0]
    return nodes, start


def story(compiled, state, stored, choose):
    """Everything a run says and sends, children included; `stored`: through JSON at each halt."""
    told = []
    ctx = context(seed="same")
    for _ in range(200):
        if stored:
            state = RunState.from_json(state.to_json())
        halt = advance(compiled, state, ctx, allow_slow=True)
        if stored:
            state = RunState.from_json(state.to_json())
        if isinstance(halt, Ended):
            return [*told, (halt.status, halt.reason)], state
        told.append((type(halt).__name__, halt.node_id))
        match halt:
            case Sending():
                told.append((halt.message.to, halt.message.text, halt.round_no, halt.attempt))
                resume(compiled, state, Outcome(choose[len(told) % len(choose)], {"x": 1}))
            case Listening():
                resume(compiled, state, Event({"t": 1}) if len(told) % 2 else Woken())
            case Fanout():
                for index, member in enumerate(halt.cursor["items"]):
                    child = element(compiled, state, halt.node_id, item_of(member, index))
                    told.append(story(compiled, child, stored, choose)[0])
                resume(compiled, state, ChildrenDone({"ok": 2}))
            case Branching():
                ended = []
                for target in halt.targets:
                    child = branch(compiled, state, halt, target)
                    said, child = story(compiled, child, stored, choose)
                    told.append(said)
                    ended.append(child)
                resume(compiled, state, gathered(ended, {"ok": len(ended)}))
            case _:
                resume(compiled, state, Woken())
    raise AssertionError("no end")


@settings(max_examples=150, deadline=None)
@given(
    graphs(),
    st.lists(st.sampled_from(["ok", "skipped", "unknown", "error"]), min_size=1, max_size=4),
)
def test_a_run_put_away_at_every_halt_says_and_sends_the_same(graph, choose):
    nodes, start = graph
    compiled = plan(nodes, start=start)
    event = {"to": "62811"}

    kept, _ = story(compiled, begin(compiled, "go", trigger=event), False, choose)
    stored, _ = story(compiled, begin(compiled, "go", trigger=event), True, choose)

    assert stored == kept


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_nothing_that_is_read_later_is_ever_dropped(graph):
    nodes, start = graph
    compiled = plan(nodes, start=start)
    everything = frozenset(compiled.nodes)
    hoarding = replace(
        compiled,
        nodes={
            node_id: replace(node, keeps=True, live=everything)
            for node_id, node in compiled.nodes.items()
        },
        body_reads=dict.fromkeys(compiled.body_reads, everything),
    )
    event = {"to": "62811"}

    thrifty, _ = story(compiled, begin(compiled, "go", trigger=event), True, ["ok"])
    hoarded, _ = story(hoarding, begin(hoarding, "go", trigger=event), True, ["ok"])

    assert thrifty == hoarded
