from collections import Counter

import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.devices.pick_target import PickTarget, pick_target
from tests.nodes.world import World, context, device

A, B, C = "6281200000001", "6281200000002", "6281200000003"
PAIR = [{"phone": A}, {"phone": "0812-0000-0002", "weight": 3}]


def picks(count, strategy, targets=PAIR, world=None, **more):
    params = PickTarget(targets=targets, strategy=strategy)
    world = world or World()
    answers = [pick_target(params, context(world, **more)) for _ in range(count)]
    assert {answer.port for answer in answers} == {"ok"}
    return [answer.values["phone"] for answer in answers]


def test_takes_the_numbers_in_turn():
    assert picks(4, "sequential") == [A, B, A, B]


def test_takes_the_numbers_by_weight():
    assert Counter(picks(8, "weighted")) == {A: 2, B: 6}


def test_takes_the_numbers_by_chance():
    taken = [picks(1, "random", identity=str(visitor))[0] for visitor in range(100)]

    assert set(taken) == {A, B}


def test_keeps_a_visitor_with_one_number():
    scope = {"trigger": {"visitor": "v1"}}
    world = World()

    assert len(set(picks(5, "sticky", scope=scope, world=world))) == 1
    assert world.turns == {}
    seen = {
        pick_target(PickTarget(targets=PAIR, strategy="sticky"), context(), visitor=str(n)).values[
            "phone"
        ]
        for n in range(30)
    }
    assert seen == {A, B}


OWNED = [{"phone": A, "device": "a"}, {"phone": B, "device": "b"}, {"phone": C, "weight": 0}]


def test_takes_the_least_busy_number_and_names_its_device():
    world = World(pool=(device("a", sent_today=9), device("b", sent_today=2)))
    params = PickTarget(targets=OWNED, strategy="least_loaded")

    assert pick_target(params, context(world)) == Go("ok", {"phone": B, "device": "b"})


def test_passes_over_a_number_whose_device_is_down():
    world = World(pool=(device("a", False), device("b")))

    assert picks(3, "sequential", OWNED, world) == [B, B, B]


@pytest.mark.parametrize(("skip", "port"), [(True, "none"), (False, "ok")])
def test_leaves_by_none_when_every_device_is_down(skip, port):
    world = World(pool=(device("a", False),))  # b is gone altogether
    params = PickTarget(targets=OWNED, skip_unhealthy=skip)

    assert pick_target(params, context(world)).port == port


def test_names_numbers_that_are_none_or_come_twice():
    with pytest.raises(NodeError, match="'0812' is no WhatsApp number"):
        pick_target(PickTarget(targets=[{"phone": "0812"}]), context())
    with pytest.raises(NodeError, match="share a key"):
        pick_target(PickTarget(targets=[{"phone": A}, {"phone": A}]), context())


@pytest.mark.parametrize("targets", [[], [{"phone": A, "weight": 101}], [{"weight": 1}]])
def test_refuses_targets_that_cannot_be_shared(targets):
    with pytest.raises(ValidationError):
        PickTarget(targets=targets)


OFFICE = {"mon-fri": ["08:00-17:00"]}
"""The clock of these tests says Monday, 09:30 WIB and 10:30 WITA."""


@pytest.mark.parametrize(
    ("hours", "zone", "port"),
    [
        (OFFICE, "WIB", "ok"),
        ({"mon-fri": ["10:00-17:00"]}, "WIB", "none"),
        ({"mon-fri": ["10:00-17:00"]}, "WITA", "ok"),
        ({"sun": ["00:00-24:00"]}, "WIB", "none"),
        ({"sun": ["20:00-10:00"]}, "WIB", "ok"),
    ],
)
def test_passes_over_a_number_outside_of_its_hours(hours, zone, port):
    world = World(shop={"name": "Toko", "zone": zone})

    answer = pick_target(PickTarget(targets=[{"phone": A, "hours": hours}]), context(world))

    assert answer.port == port


def test_hours_count_even_where_down_devices_are_taken():
    targets = [{"phone": A, "hours": {"sat": ["08:00-09:00"]}}, {"phone": B, "label": "Ayu"}]
    params = PickTarget(targets=targets, skip_unhealthy=False)

    assert pick_target(params, context()) == Go("ok", {"phone": B, "device": None, "label": "Ayu"})


@pytest.mark.parametrize("hours", [{"monday": ["08:00-17:00"]}, {"mon": ["pagi"]}])
def test_names_hours_that_nobody_can_read(hours):
    with pytest.raises(NodeError, match="hours:"):
        pick_target(PickTarget(targets=[{"phone": A, "hours": hours}]), context())
