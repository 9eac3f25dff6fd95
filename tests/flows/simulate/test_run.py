"""A simulated flow runs to its end on a virtual clock, the same way every time."""

from datetime import timedelta
from itertools import pairwise

import pytest

from flows.simulate import World, simulate
from flows.simulate.run import DEFAULT_NOW
from nodes.contract import Device
from tests.flows.engine.kit import KINDS, document


def people(count):
    return [{"phone": f"62811{index:04d}", "name": f"Orang {index}"} for index in range(count)]


def broadcast(**pace):
    return document(
        {
            "all": {
                "type": "each",
                "with": {"items": {"$": "trigger.people"}},
                "next": {"each": "kirim", "done": "lapor"},
            },
            "kirim": {
                "type": "send",
                "within": "all",
                "with": {"to": {"$": "item.phone"}, "text": {"$": "item.name"}},
                **pace,
            },
            "lapor": {"type": "shape", "with": {"set": {"n": {"$": "steps.all.counts.ok"}}}},
        }
    )


def run(doc, **more):
    return simulate(doc, find=KINDS.get, **more)


def test_a_broadcast_sends_to_everybody_with_the_pauses_asked_for():
    found = run(broadcast(pace={"min": 5, "max": 20}), event={"people": people(30)})

    assert found.status == "succeeded"
    assert [send.to for send in found.sends] == [person["phone"] for person in people(30)]
    assert found.counts == {"all": {"total": 30, "ok": 30, "skipped": 0, "failed": 0, "unknown": 0}}
    assert found.vars == {"n": 30}
    times = [send.at for send in found.sends]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= timedelta(seconds=5)
    assert max(gaps) <= timedelta(seconds=20)
    assert found.ran == ["all", "kirim", "lapor"]
    assert found.not_run == []


def test_messages_of_one_device_are_never_less_than_a_second_apart():
    found = run(broadcast(), event={"people": people(5)})

    assert found.sends[-1].at - found.sends[0].at >= timedelta(seconds=4)


@pytest.mark.parametrize("seed", ["a", "b"])
def test_the_same_seed_gives_the_same_result(seed):
    tries = [
        run(broadcast(pace={"min": 5, "max": 20}), event={"people": people(9)}, seed=seed).as_json()
        for _ in range(2)
    ]

    assert tries[0] == tries[1]


def test_another_seed_gives_other_pauses():
    one, two = (
        run(broadcast(pace={"min": 5, "max": 20}), event={"people": people(9)}, seed=seed)
        for seed in "ab"
    )

    assert [send.at for send in one.sends] != [send.at for send in two.sends]


def test_nobody_is_written_to_in_quiet_hours_or_above_the_daily_cap():
    doc = broadcast(pace={"min": 60, "max": 60}).model_copy(
        update={
            "limits": broadcast().limits.model_validate(
                {
                    "quiet_hours": {"tz": "Asia/Jakarta", "from": "10:02", "to": "10:30"},
                    "device_per_day": 4,
                }
            )
        }
    )

    found = run(doc, event={"people": people(5)})

    minutes = [(send.at - DEFAULT_NOW) / timedelta(minutes=1) for send in found.sends]
    assert minutes[:4] == [0, 1, 30, 31]  # from 10:00 on
    assert minutes[4] == 14 * 60  # the next local day


def test_the_blacklist_is_looked_at_again_before_a_broadcast():
    world = World(blacklist={"628110001": "SPAM_REPORT"})

    found = run(broadcast(), event={"people": people(3)}, world=world)

    assert [send.to for send in found.sends] == ["628110000", "628110002"]
    assert found.counts["all"]["skipped"] == 1
    assert {
        "node": "all",
        "key": "1",
        "status": "skipped",
        "reason": "spam_report",
    } in found.elements


def test_waits_jump():
    doc = document(
        {
            "a": {"type": "naps", "with": {"seconds": 86400}, "next": {"ok": "b"}},
            "b": {"type": "send", "with": {"to": "1"}},
        }
    )

    found = run(doc)

    assert found.sends[0].at - DEFAULT_NOW == timedelta(days=1)


ASK = {
    "a": {
        "type": "naps",
        "with": {"seconds": 3600, "key": "reply:1"},
        "next": {"replied": "b", "timeout": "c"},
    },
    "b": {"type": "naps", "with": {"seconds": 7200}, "next": {"ok": "d"}},
    "c": {"type": "send", "with": {"to": "1", "text": "halo?"}},
    "d": {"type": "send", "with": {"to": "1", "text": {"$": "steps.a.text"}}},
}


def test_an_answer_comes_when_the_case_says_so_and_the_timeout_no_longer_counts():
    found = run(document(ASK), answers={"a": {"after_s": 60, "text": "mau"}})

    assert [(send.text, send.at - DEFAULT_NOW) for send in found.sends] == [
        ("mau", timedelta(seconds=7260))
    ]


def test_without_an_answer_the_time_runs_out():
    assert [send.text for send in run(document(ASK)).sends] == ["halo?"]


@pytest.mark.parametrize(
    ("policy", "waited_s"),
    [({"policy": "all"}, 50), ({"policy": "any"}, 10), ({"seconds": 20}, 20)],
)
def test_branches_meet_as_the_join_says(policy, waited_s):
    doc = document(
        {
            "a": {"type": "shape", "next": {"ok": ["b", "c"]}},
            "b": {"type": "naps", "with": {"seconds": 10}, "next": {"ok": "j"}},
            "c": {"type": "naps", "with": {"seconds": 50}, "next": {"ok": "j"}},
            "j": {"type": "joins", "with": policy, "next": {"done": "d", "timeout": "d"}},
            "d": {"type": "send", "with": {"to": "1"}},
        }
    )

    found = run(doc)

    assert found.sends[0].at - DEFAULT_NOW == timedelta(seconds=waited_s)
    assert "d" in found.ran


def test_a_pin_stands_for_its_node():
    doc = document(
        {
            "a": {"type": "breaks", "next": {"ok": "b", "error": "c"}},
            "b": {"type": "send", "with": {"to": "1", "text": {"$": "steps.a.reply"}}},
            "c": {"type": "send", "with": {"to": "2", "text": {"$": "error.code"}}},
        }
    )

    assert [send.text for send in run(doc, pins={"a": {"reply": "hai"}}).sends] == ["hai"]
    error = {"port": "error", "code": "gone", "class": "blocked"}
    assert [send.text for send in run(doc, pins={"a": error}).sends] == ["gone"]


def test_pins_may_answer_one_try_after_the_other():
    doc = document(
        {
            "a": {"type": "breaks", "retry": {"max": 2, "base": "10s"}, "next": {"ok": "b"}},
            "b": {"type": "send", "with": {"to": "1"}},
        }
    )

    found = run(doc, pins={"a": [{"port": "error", "retriable": True}, {"port": "ok"}]})

    assert len(found.sends) == 1
    assert found.status == "succeeded"


def test_the_window_bounds_how_many_elements_are_under_way():
    doc = document(
        {
            "all": {
                "type": "each",
                "with": {"items": {"$": "trigger.people"}},
                "next": {"each": "wait"},
            },
            "wait": {"type": "naps", "within": "all", "with": {"seconds": 10}},
        }
    )

    found = run(doc, event={"people": people(7)})

    assert found.ended_at - found.started_at == timedelta(seconds=40)  # two at a time


def test_devices_are_those_of_the_world_or_those_named():
    world = World(device_list=[Device("a", None, True), Device("b", None, False, "disconnected")])

    assert [found.name for found in world.devices([])] == ["a", "b"]
    assert [found.name for found in world.devices(["b", "x"])] == ["b"]
    assert [found.name for found in World().devices(["x"])] == ["x"]


@pytest.mark.parametrize(
    ("selector", "phones"),
    [
        ({}, ["1", "2", "3"]),
        ({"tags_any": ["vip"]}, ["1", "2"]),
        ({"tags_all": ["vip", "lama"]}, ["2"]),
        ({"tags_none": ["vip"]}, ["3"]),
        ({"phones": ["3", "9"]}, ["3"]),
        ({"segment": "s"}, ["2"]),
    ],
)
def test_an_audience_is_chosen_from_the_contacts_given(selector, phones):
    world = World.of(
        {
            "contacts": [
                {"phone": "1", "tags": ["VIP"]},
                {"phone": "2", "tags": ["vip", "lama"]},
                {"phone": "3", "tags": []},
                {"phone": "4", "active": False},
            ],
            "segments": {"s": ["2"]},
        }
    )

    assert world.audience(selector).count == len(phones)
    assert [person["phone"] for person in world.people(selector)] == phones


def test_two_thousand_people_are_simulated_in_moments():
    found = run(broadcast(pace={"min": 1, "max": 1}), event={"people": people(2000)})

    assert len(found.sends) == 2000
    assert found.ended_at - found.started_at == timedelta(seconds=1999)
