"""Hand to human: what the customer reads, who has the chat then, and for how long."""

from datetime import timedelta

import pytest

from nodes.contract import Go, NodeError, Send
from nodes.messaging.hand_to_human import OUTSIDE_TEXT, TEXT, HandToHuman, hand_to_human, pretend
from tests.nodes.world import NOW, World, context

TRIGGER = {"trigger": {"device": "toko_1", "chat_id": "628111"}}
OPEN = {"mon": ["08:00-17:00"]}
CLOSED = {"tue": ["08:00-17:00"]}


def test_tells_the_customer_before_the_chat_changes_hands():
    world = World(agent="Rina")
    told = hand_to_human(HandToHuman(), context(world, TRIGGER))

    assert isinstance(told, Send)
    assert (told.message.device, told.message.to, told.message.text) == ("toko_1", "628111", TEXT)
    assert world.handed == []

    done = hand_to_human(
        HandToHuman(), context(world, TRIGGER, told={"port": "ok"}, kept=told.keep)
    )

    assert done == Go("ok", {"agent": "Rina"})
    assert world.handed == [(NOW + timedelta(hours=12), "handed_over")]


def test_hands_over_even_when_the_message_was_not_sent():
    world = World()

    hand_to_human(
        HandToHuman(bot_off="2h"),
        context(world, TRIGGER, told={"port": "skipped"}, kept={"is_open": True}),
    )

    assert world.handed == [(NOW + timedelta(hours=2), "handed_over")]


def test_says_the_same_once_in_several_hours():
    world = World()
    first = hand_to_human(HandToHuman(text_every="3h"), context(world, TRIGGER))
    second = hand_to_human(HandToHuman(text_every="3h"), context(world, TRIGGER))

    assert isinstance(first, Send)
    assert second == Go("ok", {"agent": None})
    assert world.done == {"langkah:open": 10_800.0}


def test_outside_working_hours_the_chat_is_marked_and_the_bot_goes_on():
    world = World()
    told = hand_to_human(HandToHuman(hours=CLOSED), context(world, TRIGGER))
    done = hand_to_human(
        HandToHuman(hours=CLOSED), context(world, TRIGGER, told={"port": "ok"}, kept=told.keep)
    )

    assert told.message.text == OUTSIDE_TEXT
    assert done == Go("outside_hours", {"agent": None})
    assert world.handed == [(NOW, "handed_over")]


def test_within_working_hours_somebody_is_there():
    told = hand_to_human(HandToHuman(hours=OPEN), context(World(), TRIGGER))

    assert told.message.text == TEXT


def test_the_decision_of_before_the_message_holds_after_it():
    world = World()

    done = hand_to_human(
        HandToHuman(hours=CLOSED),
        context(world, TRIGGER, told={"port": "ok"}, kept={"is_open": True}),
    )

    assert done.port == "ok"


def test_pretends_without_handing_over():
    world = World()

    assert isinstance(pretend(HandToHuman(), context(world, TRIGGER)), Send)
    assert pretend(HandToHuman(text=""), context(world, TRIGGER)) == Go("ok", {"agent": None})
    assert world.handed == []


def test_needs_somebody_to_tell():
    with pytest.raises(NodeError) as found:
        hand_to_human(HandToHuman(), context(World()))

    assert found.value.code == "empty_device"


def test_refuses_hours_that_never_are():
    with pytest.raises(ValueError, match="hours"):
        HandToHuman(hours={"mon": ["25:00-26:00"]})
