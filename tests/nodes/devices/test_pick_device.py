from collections import Counter
from datetime import timedelta

import pytest

from nodes.contract import Go, NodeError, Wait
from nodes.devices.pick_device import PickDevice, pick_device
from tests.nodes.world import NOW, World, context, device

THREE = (device("a"), device("b", False, why_not="frozen"), device("c", weight=3))


def picks(world, count=8, form=None, **more):
    params = PickDevice(**(form or {}))
    answers = [pick_device(params, context(world, **more)) for _ in range(count)]
    assert {answer.port for answer in answers} == {"ok"}
    return "".join(answer.values["device"] for answer in answers)


def test_takes_the_ready_devices_in_turn():
    assert picks(World(pool=THREE)) == "acacacac"


def test_takes_only_the_devices_it_was_given():
    assert picks(World(pool=THREE), form={"pool": ["c", "b", "c", " "]}) == "cccccccc"


def test_takes_devices_by_weight():
    assert Counter(picks(World(pool=THREE), form={"strategy": "weighted"})) == {"a": 2, "c": 6}


def test_takes_the_least_used_device():
    pool = (device("a", sent_today=9), device("b", sent_today=2))

    assert picks(World(pool=pool), form={"strategy": "least_used"}) == "bbbbbbbb"


def test_spares_an_unhealthy_device():
    pool = (device("a", health=30), device("b", health=40), device("c", health=80))
    taken = Counter(picks(World(pool=pool), 12, form={"strategy": "health"}))

    assert taken == {"b": 4, "c": 8}


def test_keeps_to_the_device_a_person_knows():
    world = World(pool=THREE, known={"628111": "c", "628222": "b"})
    form = {"strategy": "sticky"}

    assert picks(world, form=form) == "cccccccc"
    assert world.turns == {}
    answer = pick_device(PickDevice(**form), context(world), phone="628222")
    assert answer.values["device"] in "ac"  # b is frozen


def test_without_a_person_sticky_takes_turns():
    assert picks(World(pool=THREE), form={"strategy": "sticky"}, scope={"item": {}}) == "acacacac"


def test_rotations_of_two_flows_and_two_steps_are_apart():
    world = World(pool=THREE)

    picks(world, 1, scope={"run": {"flow": "x", "campaign_id": 4}})
    picks(world, 1, scope={"run": {"campaign_id": 5}})
    picks(world, 1, scope={"run": {"flow": "y"}})
    picks(world, 1, scope={"run": {"flow": "y"}}, node_id="lain")

    assert world.turns == {
        "pick-device:x:langkah": 0,
        "pick-device:5:langkah": 0,
        "pick-device:y:langkah": 0,
        "pick-device:y:lain": 0,
    }


ASLEEP = World(pool=(device("a", False), device("b", False, why_not="frozen")))


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        (ASLEEP, "frozen"),
        (World(pool=()), "no_device"),
        (World(pool=(device("a", weight=0),)), "no_device"),
    ],
)
def test_leaves_by_none_when_no_device_is_ready(world, reason):
    assert pick_device(PickDevice(), context(world)) == Go("none", {"reason": reason})


@pytest.mark.parametrize(
    ("waited_s", "answer"),
    [
        (0.0, Wait(NOW + timedelta(seconds=30), then="none", again=True)),
        (50.0, Wait(NOW + timedelta(seconds=10), then="none", again=True)),
        (60.0, Go("none", {"reason": "frozen"})),
    ],
)
def test_looks_again_until_it_has_waited_long_enough(waited_s, answer):
    assert pick_device(PickDevice(wait_max="1m"), context(ASLEEP, waited_s=waited_s)) == answer


def test_names_a_device_that_does_not_exist():
    with pytest.raises(NodeError, match="no device called 'toko-9'") as refused:
        pick_device(PickDevice(pool=["toko-9"]), context(World(pool=THREE)))

    assert (refused.value.kind, refused.value.code) == ("bad_config", "no_such_device")
