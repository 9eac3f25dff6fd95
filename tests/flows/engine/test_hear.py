"""A node that wants to hear of its send, or of an answer, runs once more and knows what it kept."""

from datetime import timedelta

import pytest

from flows.document import Document
from flows.engine.halts import Ended, Event, Listening, Outcome, Retrying, Sending, Woken
from flows.engine.plan import compile_plan
from flows.engine.state import RunState
from flows.engine.step import advance, begin, resume
from flows.simulate import simulate
from tests.nodes.world import NOW, World, context

WHERE = {"device": "toko_1", "to": "628111", "text": {"$": "steps.awal.teks"}}
OPTIONS = {"harga": "Harga", "cs": "Tanya CS"}


def document(within=None, **more):
    place = {} if within is None else {"within": within}
    nodes = {
        "awal": {
            "type": "set-variables",
            "with": {"values": {"teks": "Mau apa?"}},
            "next": {"ok": within or "menu"},
        },
        "menu": {
            "type": "send-menu",
            "with": {**WHERE, "options": OPTIONS, "timeout": "1h"},
            **place,
            **more,
            "next": {"harga": "harga", "invalid": "lain", "timeout": "diam"},
        },
        **{
            name: {"type": "stop", "with": {"reason": name}, **place}
            for name in ("harga", "lain", "diam")
        },
    }
    if within is not None:
        nodes[within] = {"type": "repeat", "with": {"times": 2}, "next": {"each": "menu"}}
        nodes["harga"] = {"type": "set-variables", "with": {"values": {"a": 1}}, **place}
    return Document.model_validate(
        {
            "flow": "alir/1",
            "kind": "inbound",
            "id": "menu",
            "name": "Menu",
            "triggers": {"mulai": {"type": "manual", "next": "awal"}},
            "nodes": nodes,
        }
    )


class Run:
    """A run that is stored and read again between any two of its steps, as in real life."""

    def __init__(self, **more):
        self.plan = compile_plan(document(**more))
        self.state = begin(self.plan, "mulai")
        self.trace = []

    def on(self, signal=None, now=NOW):
        self.state = RunState.from_json(self.state.to_json())
        if signal is not None:
            assert resume(self.plan, self.state, signal, trace=self.trace)
        ctx = context(World(), now=now)
        return advance(self.plan, self.state, ctx, trace=self.trace)


def test_asks_waits_and_goes_where_the_answer_leads():
    run = Run()
    sending = run.on()
    waiting = run.on(Outcome("ok", {"message_id": "m1"}))
    ended = run.on(Event({"text": "1"}))

    assert isinstance(sending, Sending)
    assert sending.hears
    assert isinstance(waiting, Listening)
    assert waiting.until == NOW + timedelta(hours=1)
    assert (ended.status, ended.reason) == ("succeeded", "harga")
    assert run.state.own == {}


def test_every_send_of_one_node_has_a_name_of_its_own():
    run = Run()
    names = []
    halt = run.on()
    for _ in range(3):
        names.append((halt.node_id, halt.round_no, halt.attempt))
        run.on(Outcome("ok", {}))
        halt = run.on(Event({"text": "apa"}))

    assert len(set(names)) == 3
    assert (halt.status, halt.reason) == ("succeeded", "lain")


def test_a_wait_that_is_up_leaves_by_its_port():
    run = Run()
    run.on()
    run.on(Outcome("ok", {}))

    assert run.on(Woken(), NOW + timedelta(hours=1)).reason == "diam"


def test_a_late_or_doubled_signal_changes_nothing():
    run = Run()
    run.on()
    for signal in (Event({"text": "1"}), Woken()):
        assert not resume(run.plan, run.state, signal)
    run.on(Outcome("ok", {}))
    before = run.state.to_json()

    assert not resume(run.plan, run.state, Outcome("ok", {}))
    assert run.state.to_json() == before


def test_a_send_that_failed_is_tried_again_as_another_send():
    run = Run(retry={"max": 1, "base": "1s", "jitter": False})
    first = run.on()
    failed = run.on(Outcome("error", {"class": "upstream", "retriable": True}))
    second = run.on(Woken())

    assert isinstance(failed, Retrying)
    assert isinstance(second, Sending)
    assert second.attempt != first.attempt


def test_a_send_that_failed_for_good_leaves_by_error():
    run = Run()
    run.on()
    ended = run.on(Outcome("error", {"class": "not_on_whatsapp"}))

    assert isinstance(ended, Ended)
    assert (ended.status, ended.reason) == ("failed", "not_on_whatsapp")
    assert run.state.own == {}


def test_each_round_of_a_repeat_begins_anew():
    run = Run(within="ulang")
    names = set()
    halt = run.on()
    for _ in range(2):
        names.add((halt.round_no, halt.attempt))
        run.on(Outcome("ok", {}))
        halt = run.on(Event({"text": "harga"}))

    assert len(names) == 2
    assert isinstance(halt, Ended)


@pytest.mark.parametrize(
    ("answers", "reason", "sends"),
    [
        ({"text": "1", "after_s": 60}, "harga", 1),
        ([{"text": "eh"}, {"text": "harga"}], "harga", 2),
        ([{"text": "eh"}], "diam", 2),
        ([{"text": "eh"}] * 3, "lain", 3),
        ((), "diam", 1),
    ],
)
def test_a_simulation_answers_one_wait_after_the_other(answers, reason, sends):
    found = simulate(document(), answers={"menu": answers})

    assert (found.reason, len(found.sends)) == (reason, sends)
