"""A run walks its plan: every shape of graph, every answer, every signal."""

from datetime import timedelta

import pytest

from flows.engine.halts import (
    Branching,
    Calling,
    ChildrenDone,
    Ended,
    Event,
    Fanout,
    HandOver,
    Listening,
    Outcome,
    Replying,
    Retrying,
    Sending,
    Sleeping,
    Woken,
    Yielded,
)
from flows.engine.state import RunState
from flows.engine.step import Interrupt, advance, begin, branch, element, gathered, item_of, resume
from tests.flows.engine.kit import NOW, context, later, path, plan, run


def shape(port="ok", **more):
    return {"type": "shape", "with": {"port": port}, **more}


@pytest.mark.parametrize(
    ("nodes", "ran", "halt"),
    [
        (
            {"a": shape(next={"ok": "b"}), "b": shape(next={"ok": "c"}), "c": shape()},
            ["a", "b", "c"],
            Ended("succeeded"),
        ),
        (
            {
                "a": {"type": "test", "with": {"test": True}, "next": {"match": "b", "else": "c"}},
                "b": shape(),
                "c": shape(),
            },
            ["a", "b"],
            Ended("succeeded"),
        ),
        (
            {
                "a": {"type": "test", "with": {"test": False}, "next": {"match": "b", "else": "c"}},
                "b": shape(),
                "c": shape(),
            },
            ["a", "c"],
            Ended("succeeded"),
        ),
        (
            {"a": {"type": "test", "with": {"test": False}, "next": {"match": "b"}}, "b": shape()},
            ["a"],
            Ended("succeeded", "a.else"),
        ),
        (
            {"a": {"type": "fails", "next": {"ok": "b", "error": "c"}}, "b": shape(), "c": shape()},
            ["a", "c"],
            Ended("succeeded"),
        ),
        (
            {"a": {"type": "fails", "on_error": "continue", "next": {"ok": "b"}}, "b": shape()},
            ["a", "b"],
            Ended("succeeded"),
        ),
        (
            {"a": shape(disabled=True, next={"ok": "b"}), "b": shape()},
            ["a", "b"],
            Ended("succeeded"),
        ),
        (
            {"a": {"type": "ends", "with": {"status": "skipped", "reason": "no_stock"}}},
            ["a"],
            Ended("skipped", "no_stock"),
        ),
        (
            {
                "a": {"type": "again", "with": {"times": 2}, "next": {"each": "b", "done": "c"}},
                "b": shape(within="a"),
                "c": shape(),
            },
            ["a", "b", "a", "b", "a", "c"],
            Ended("succeeded"),
        ),
        ({"a": {"type": "each", "with": {"items": [1]}}}, ["a"], Ended("succeeded")),
        ({"a": {"type": "joins"}}, ["a"], Ended("succeeded")),
    ],
)
def test_a_run_goes_where_the_ports_lead(nodes, ran, halt):
    assert path(plan(nodes)) == (ran, halt)


@pytest.mark.parametrize(("on_error", "status"), [("fail", "failed"), ("skip", "skipped")])
def test_an_error_nobody_catches_ends_the_run(on_error, status):
    halt = run(plan({"a": {"type": "fails", "on_error": on_error}}))

    assert isinstance(halt, Ended)
    assert (halt.status, halt.reason) == (status, "not_now")
    assert halt.error == {
        "code": "not_now",
        "class": "upstream",
        "message": "not now",
        "node": "a",
        "attempt": 1,
        "retriable": True,
        "detail": {},
    }


def test_the_error_is_there_for_the_steps_that_follow_it():
    compiled = plan(
        {
            "a": {"type": "fails", "next": {"error": "b"}},
            "b": {"type": "send", "with": {"to": "1", "text": {"$": "error.code"}}},
        }
    )

    halt = run(compiled)

    assert isinstance(halt, Sending)
    assert halt.message.text == "not_now"


RETRY = {"max": 2, "base": "10s", "cap": "15s", "jitter": False}


def test_a_node_is_tried_again_with_growing_pauses_until_it_succeeds():
    compiled = plan({"a": {"type": "fails", "with": {"times": 2}, "retry": RETRY}})
    state = begin(compiled, "go")

    first = advance(compiled, state, context())
    assert isinstance(first, Retrying)
    assert (first.at - NOW, first.attempt) == (timedelta(seconds=10), 1)
    assert resume(compiled, state, Woken())
    second = advance(compiled, state, context())
    assert isinstance(second, Retrying)
    assert (second.at - NOW, second.attempt) == (timedelta(seconds=15), 2)
    assert resume(compiled, state, Woken())
    assert advance(compiled, state, context()) == Ended("succeeded")
    assert state.attempts == {}


@pytest.mark.parametrize(
    ("form", "retry", "retries"),
    [
        ({"times": 9}, RETRY, 2),
        ({"times": 9, "retriable": False}, RETRY, 0),
        ({"times": 9}, None, 0),
        ({"times": 9}, {**RETRY, "only": ["timeout"]}, 0),
        ({"times": 9, "kind": "timeout"}, {**RETRY, "only": ["timeout"]}, 2),
    ],
)
def test_only_what_the_policy_allows_is_tried_again(form, retry, retries):
    compiled = plan({"a": {"type": "fails", "with": form, "retry": retry}})
    state = begin(compiled, "go")
    seen = 0

    while isinstance(halt := advance(compiled, state, context()), Retrying):
        seen += 1
        resume(compiled, state, Woken())

    assert isinstance(halt, Ended)
    assert (seen, halt.status, halt.reason) == (retries, "failed", "not_now")
    assert halt.error is not None
    assert halt.error["attempt"] == retries + 1


def test_pauses_with_jitter_follow_the_seed():
    nodes = {"a": {"type": "fails", "retry": {**RETRY, "jitter": True}}}
    pauses = {seed: run(plan(nodes), seed=seed).at - NOW for seed in ("one", "two", "three", "one")}

    assert all(timedelta() <= pause <= timedelta(seconds=10) for pause in pauses.values())
    assert len(set(pauses.values())) == 3
    assert run(plan(nodes), seed="one").at - NOW == pauses["one"]


def test_a_wait_sleeps_and_goes_on_when_it_is_woken():
    compiled = plan({"a": {"type": "naps", "next": {"ok": "b"}}, "b": shape()})
    state = begin(compiled, "go")

    assert advance(compiled, state, context()) == Sleeping("a", NOW + timedelta(seconds=60))
    with pytest.raises(ValueError, match="resume it first"):
        advance(compiled, state, context())
    assert resume(compiled, state, Woken())
    assert state.at == "b"
    assert advance(compiled, state, context()) == Ended("succeeded")


def test_a_wait_that_is_over_already_does_not_stand_still():
    assert run(plan({"a": {"type": "naps", "with": {"seconds": -1}}})) == Ended("succeeded")


def test_a_node_that_waits_again_is_told_how_long_it_has_waited():
    compiled = plan({"a": {"type": "naps", "with": {"again": True, "seconds": 30}}})
    state, ctx = begin(compiled, "go"), context()

    for _ in range(2):
        assert isinstance(advance(compiled, state, ctx), Sleeping)
        assert resume(compiled, state, Woken())
        ctx = later(ctx, 1)  # a scaled clock: less time has passed than was asked for
    assert advance(compiled, state, ctx) == Ended("succeeded")
    assert state.waited == {}


@pytest.mark.parametrize(("signal", "target"), [(Event({"text": "ya"}), "b"), (Woken(), "c")])
def test_an_event_and_a_timeout_leave_by_different_ports(signal, target):
    compiled = plan(
        {
            "a": {
                "type": "naps",
                "with": {"key": "reply:1"},
                "next": {"replied": "b", "timeout": "c"},
            },
            "b": {"type": "send", "with": {"to": "1", "text": {"$": "steps.a.text"}}},
            "c": shape(),
        }
    )
    state = begin(compiled, "go")

    assert advance(compiled, state, context()) == Listening(
        "a", "reply:1", NOW + timedelta(seconds=60)
    )
    assert resume(compiled, state, signal)
    assert state.at == target
    if target == "b":
        halt = advance(compiled, state, context())
        assert isinstance(halt, Sending)
        assert halt.message.text == "ya"


SEND = {"type": "send", "with": {"to": "62811"}}


@pytest.mark.parametrize(
    ("outcome", "halt"),
    [
        (Outcome("ok", {"message_id": "m", "device": "toko"}), Ended("succeeded")),
        (Outcome("skipped", {"reason": "opted_out"}), Ended("succeeded", "opted_out")),
        (Outcome("unknown", {"message_id": "m"}), Ended("failed", "unknown_outcome")),
        (Outcome("error", {"code": "gone", "class": "not_on_whatsapp"}), ("failed", "gone")),
    ],
)
def test_the_outcome_of_a_send_decides_how_the_run_ends(outcome, halt):
    compiled = plan({"a": SEND})
    state = begin(compiled, "go")

    sending = advance(compiled, state, context())
    assert isinstance(sending, Sending)
    assert (sending.node_id, sending.message.to, sending.attempt) == ("a", "62811", 1)
    assert resume(compiled, state, outcome)
    ended = advance(compiled, state, context())
    assert isinstance(ended, Ended)
    if isinstance(halt, Ended):
        assert ended == halt
    else:
        assert (ended.status, ended.reason) == halt
    assert advance(compiled, state, context()) == ended


def test_a_send_that_certainly_failed_is_sent_again_when_the_policy_says_so():
    compiled = plan({"a": {**SEND, "retry": RETRY}})
    state = begin(compiled, "go")
    advance(compiled, state, context())

    resume(compiled, state, Outcome("error", {"class": "device_offline", "retriable": True}))
    assert isinstance(advance(compiled, state, context()), Retrying)
    resume(compiled, state, Woken())
    halt = advance(compiled, state, context())

    assert isinstance(halt, Sending)
    assert halt.attempt == 2


@pytest.mark.parametrize("port", ["ok", "skipped", "unknown", "error"])
def test_whatever_becomes_of_a_typing_sign_the_run_goes_on(port):
    compiled = plan(
        {
            "a": {"type": "send", "with": {"to": "1", "kind": "typing"}, "next": {"ok": "b"}},
            "b": shape(),
        }
    )
    state = begin(compiled, "go")
    advance(compiled, state, context())

    assert resume(compiled, state, Outcome(port, {}))
    assert state.at == "b"


@pytest.mark.parametrize(
    ("nodes", "signal"),
    [
        ({"a": {"type": "naps"}}, Event({})),
        ({"a": {"type": "naps"}}, Outcome("ok", {})),
        ({"a": SEND}, Woken()),
        ({"a": SEND}, ChildrenDone({})),
        ({"a": shape()}, Woken()),
    ],
)
def test_a_signal_that_is_not_waited_for_changes_nothing(nodes, signal):
    compiled = plan(nodes)
    state = begin(compiled, "go")
    advance(compiled, state, context())
    before = state.to_json()

    assert not resume(compiled, state, signal)
    assert state.to_json() == before


BODY = {
    "all": {
        "type": "each",
        "with": {"items": {"$": "trigger.people"}},
        "next": {"each": "check", "done": "sum"},
    },
    "check": {
        "type": "shape",
        "within": "all",
        "with": {"port": {"$": "item.port"}},
        "next": {"ok": "one", "error": "note"},
    },
    "one": {"type": "send", "within": "all", "with": {"to": {"$": "item.phone"}}},
    "note": {"type": "shape", "within": "all"},
    "sum": {"type": "shape", "with": {"read": {"$": "steps.all.counts"}}},
}


def test_a_fan_out_runs_its_body_per_element_and_then_leaves_by_done():
    compiled = plan(BODY)
    state = begin(compiled, "go", trigger={"people": [{"phone": "1"}, {"phone": "2"}]})

    halt = advance(compiled, state, context())
    assert isinstance(halt, Fanout)
    assert (halt.node_id, halt.window, halt.order) == ("all", 2, "given")
    sends = []
    for index, person in enumerate(halt.cursor["items"]):
        child = element(compiled, state, "all", item_of(person, index))
        sending = advance(compiled, child, context())
        assert isinstance(sending, Sending)
        sends.append(sending.message.to)
    assert sends == ["1", "2"]
    assert resume(compiled, state, ChildrenDone({"ok": 2}))
    steps = []
    assert advance(compiled, state, context(), trace=steps) == Ended("succeeded")
    assert steps[0].inputs["read"] == {"ok": 2}


@pytest.mark.parametrize(
    ("port", "ended"),
    [
        ("blocked", Ended("skipped", "check.blocked")),
        ("none", Ended("skipped", "check.none")),
    ],
)
def test_an_element_that_leaves_by_a_port_that_leads_nowhere_is_skipped(port, ended):
    compiled = plan(BODY)
    state = begin(compiled, "go", trigger={"people": [1]})
    advance(compiled, state, context())

    child = element(compiled, state, "all", item_of({"port": port}, 0))

    assert advance(compiled, child, context()) == ended


def test_an_element_that_ends_on_its_error_path_has_failed():
    compiled = plan(
        {
            "all": {"type": "each", "with": {"items": [1]}, "next": {"each": "one"}},
            "one": {**SEND, "within": "all", "next": {"error": "note"}},
            "note": {"type": "shape", "within": "all"},
        }
    )
    state = begin(compiled, "go")
    advance(compiled, state, context())
    child = element(compiled, state, "all", item_of("x", 0))
    advance(compiled, child, context())

    resume(compiled, child, Outcome("error", {"code": "offline"}))

    ended = advance(compiled, child, context())
    assert isinstance(ended, Ended)
    assert (ended.status, ended.reason) == ("failed", "offline")


FORK = {
    "a": shape(next={"ok": ["b", "c"]}),
    "b": {"type": "shape", "with": {"give": {"x": 1}}, "next": {"ok": "meet"}},
    "c": {"type": "shape", "with": {"set": {"y": 2}}, "next": {"ok": "meet"}},
    "meet": {"type": "joins", "with": {"policy": "all", "seconds": 30}, "next": {"done": "d"}},
    "d": {
        "type": "shape",
        "with": {"read": [{"$": "steps.b.x"}, {"$": "vars.y"}, {"$": "steps.meet.counts"}]},
    },
}


def test_branches_run_side_by_side_and_meet_at_the_join():
    compiled = plan(FORK)
    state = begin(compiled, "go")

    halt = advance(compiled, state, context())
    assert halt == Branching("a", ("b", "c"), "meet", "all", 0, NOW + timedelta(seconds=30))
    assert isinstance(halt, Branching)
    children = [branch(compiled, state, halt, target) for target in halt.targets]
    for child in children:
        assert advance(compiled, child, context()) == Ended("succeeded")
    assert resume(compiled, state, gathered(children, {"ok": 2}))
    steps = []
    assert advance(compiled, state, context(), trace=steps) == Ended("succeeded")
    assert [step.node for step in steps] == ["d"]
    assert steps[0].inputs["read"] == [1, 2, {"ok": 2}]


def test_a_join_whose_time_is_over_leaves_by_timeout():
    compiled = plan(FORK)
    state = begin(compiled, "go")
    advance(compiled, state, context())

    assert resume(compiled, state, Woken())
    assert advance(compiled, state, context()) == Ended("succeeded", "meet.timeout")


@pytest.mark.parametrize(
    ("counts", "halt"),
    [({"ok": 2}, Ended("succeeded")), ({"ok": 1, "failed": 1}, Ended("failed", "branch_failed"))],
)
def test_branches_that_meet_nowhere_end_the_run_together(counts, halt):
    compiled = plan({"b": shape(), "c": shape()}, start=["b", "c"])
    state = begin(compiled, "go")

    assert advance(compiled, state, context()) == Branching("go", ("b", "c"), None)
    assert resume(compiled, state, ChildrenDone(counts))
    assert advance(compiled, state, context()) == halt


def test_branches_inside_a_repeat_come_round_again():
    compiled = plan(
        {
            "r": {"type": "again", "with": {"times": 2}, "next": {"each": "a", "done": "z"}},
            "a": shape(within="r", next={"ok": ["b", "c"]}),
            "b": {**SEND, "within": "r"},
            "c": shape(within="r"),
            "z": shape(),
        }
    )
    state = begin(compiled, "go")
    rounds = []
    while isinstance(halt := advance(compiled, state, context()), Branching):
        children = [branch(compiled, state, halt, target) for target in halt.targets]
        sending = advance(compiled, children[0], context())
        assert isinstance(sending, Sending)
        rounds.append(sending.round_no)
        resume(compiled, children[0], Outcome("ok", {}))
        assert [advance(compiled, child, context()) for child in children] == [
            Ended("succeeded"),
            Ended("succeeded"),
        ]
        resume(compiled, state, gathered(children, {"ok": 2}))

    assert halt == Ended("succeeded")
    assert rounds == [1, 2]


def test_sends_in_nested_repeats_have_numbers_of_their_own():
    compiled = plan(
        {
            "r": {"type": "again", "with": {"times": 2}, "next": {"each": "q"}},
            "q": {"type": "again", "within": "r", "with": {"times": 3}, "next": {"each": "s"}},
            "s": {**SEND, "within": "q"},
        }
    )
    state = begin(compiled, "go")
    numbers = []
    while isinstance(halt := advance(compiled, state, context()), Sending):
        numbers.append(halt.round_no)
        resume(compiled, state, Outcome("ok", {}))

    assert halt == Ended("succeeded")
    assert len(set(numbers)) == 6


def test_a_slow_node_is_handed_over_and_runs_where_it_is_allowed():
    compiled = plan({"a": {"type": "slow", "timeout": "5s", "next": {"ok": "b"}}, "b": shape()})
    state = begin(compiled, "go")

    assert advance(compiled, state, context()) == HandOver("a", "media", 5.0)
    assert advance(compiled, state, context()) == HandOver("a", "media", 5.0)
    assert advance(compiled, state, context(), allow_slow=True) == Ended("succeeded")


@pytest.mark.parametrize(("mode", "seen"), [("simulate", "pretended"), ("test", "pretended")])
def test_nothing_with_an_effect_runs_for_real_outside_of_live_runs(mode, seen):
    compiled = plan(
        {
            "a": {"type": "slow", "next": {"ok": "b"}},
            "b": {"type": "send", "with": {"to": "1", "text": {"$": "steps.a.mode"}}},
        }
    )

    halt = advance(compiled, begin(compiled, "go"), context(mode=mode), allow_slow=True)

    assert isinstance(halt, Sending)
    assert halt.message.text == seen


def test_another_flow_is_called_and_its_outputs_are_read():
    compiled = plan(
        {
            "a": {"type": "call", "with": {"flow": "diskon"}, "next": {"ok": "b"}},
            "b": {"type": "send", "with": {"to": "1", "text": {"$": "steps.a.code"}}},
        }
    )
    state = begin(compiled, "go")

    assert advance(compiled, state, context()) == Calling("a", "diskon", {"a": 1}, None)
    assert resume(compiled, state, Outcome("ok", {"code": "HEMAT"}))
    halt = advance(compiled, state, context())
    assert isinstance(halt, Sending)
    assert halt.message.text == "HEMAT"


def test_a_flow_gives_its_outputs_when_it_ends():
    compiled = plan(
        {"a": {"type": "shape", "with": {"give": {"code": "HEMAT"}}}},
        outputs={"code": {"$": "steps.a.code"}},
    )

    halt = run(compiled)

    assert isinstance(halt, Ended)
    assert halt.outputs == {"code": "HEMAT"}


@pytest.mark.parametrize(
    ("last", "signal"),
    [
        ({"type": "call", "with": {"flow": "diskon"}}, Outcome("ok", {"code": "LAIN"})),
        ({"type": "send", "with": {"to": "1", "text": "hai"}}, Outcome("ok", {})),
    ],
)
def test_a_flow_whose_last_node_waits_gives_its_outputs_too(last, signal):
    compiled = plan(
        {
            "a": {"type": "shape", "with": {"give": {"code": "HEMAT"}}, "next": {"ok": "b"}},
            "b": last,
        },
        outputs={"code": {"$": "steps.a.code"}},
    )
    state = begin(compiled, "go")
    advance(compiled, state, context())
    assert resume(compiled, state, signal)

    halt = advance(compiled, state, context())

    assert isinstance(halt, Ended)
    assert halt.outputs == {"code": "HEMAT"}
    assert state.outputs == {"code": "HEMAT"}
    assert advance(compiled, state, context()) == halt


def test_what_comes_after_a_reply_runs_after_it():
    compiled = plan({"a": {"type": "reply", "next": {"ok": "b"}}, "b": shape()})
    state = begin(compiled, "go")

    halt = advance(compiled, state, context())
    assert isinstance(halt, Replying)
    assert halt.status == 302
    assert state.at == "b"
    assert advance(compiled, state, context()) == Ended("succeeded")


def test_a_reply_can_be_the_last_thing():
    compiled = plan({"a": {"type": "reply"}})
    state = begin(compiled, "go")

    assert isinstance(advance(compiled, state, context()), Replying)
    assert advance(compiled, state, context()) == Ended("succeeded")


@pytest.mark.parametrize("kind", ["breaks", "odd", "unjson"])
def test_a_node_that_breaks_ends_its_own_run_only(kind):
    compiled = plan(
        {
            "a": {"type": kind, "next": {"ok": "b"}},
            "b": {"type": "shape", "with": {"read": {"$": "steps.a"}}},
        }
    )

    halt = run(compiled)

    assert isinstance(halt, Ended)
    assert (halt.status, halt.reason) == ("failed", "internal_error")
    assert halt.log
    assert halt.error is not None
    assert halt.error["node"] == "a"


def test_a_world_that_is_away_is_no_fault_of_the_node():
    class Away:
        def blocked(self, phone):
            raise Interrupt("no database")

    with pytest.raises(Interrupt):
        run(plan({"a": {"type": "away"}}), ports=Away())


def test_a_run_that_goes_round_and_round_is_stopped():
    compiled = plan(
        {
            "r": {"type": "again", "with": {"times": 10**9}, "next": {"each": "a"}},
            "a": shape(within="r"),
        },
        limits={"steps": 500},
    )

    assert advance(compiled, begin(compiled, "go"), context()) == Ended("failed", "runaway")


def test_a_call_takes_no_more_steps_than_its_budget():
    compiled = plan({"a": shape(next={"ok": "b"}), "b": shape(next={"ok": "c"}), "c": shape()})
    state = begin(compiled, "go")

    assert advance(compiled, state, context(), budget=2) == Yielded("c")
    assert advance(compiled, state, context(), budget=2) == Ended("succeeded")
    assert state.taken == 3


def test_a_run_that_has_ended_keeps_saying_so():
    compiled = plan({"a": {"type": "fails"}})
    state = begin(compiled, "go")
    first = advance(compiled, state, context())

    assert advance(compiled, RunState.from_json(state.to_json()), context()) == first


def test_the_context_is_left_as_it_was():
    ctx = context(scope={"chat": {"bot_active": True}})
    compiled = plan({"a": {"type": "send", "with": {"to": {"$": "chat.bot_active"}}}})

    advance(compiled, begin(compiled, "go"), ctx)

    assert ctx.scope == {"chat": {"bot_active": True}}


def test_there_is_no_run_without_its_trigger():
    with pytest.raises(ValueError, match="no trigger 'other'"):
        begin(plan({"a": shape()}), "other")


@pytest.mark.parametrize(
    ("zone", "hour"), [(None, 10), ("Asia/Makassar", 11), ("WIT", 12), ("Bulan/Tengah", 10)]
)
def test_conditions_read_the_wall_clock_of_the_shop(zone, hour):
    compiled = plan({"a": {"type": "send", "with": {"to": {"$": "now.hour"}}}})

    halt = run(compiled, scope={"tenant": {"zone": zone}})

    assert isinstance(halt, Sending)
    assert halt.message.to == hour
