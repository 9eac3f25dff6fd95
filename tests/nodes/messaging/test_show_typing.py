import pytest

from nodes.contract import Go, Message, NodeError, Send
from nodes.messaging.show_typing import ShowTyping, show_typing
from tests.nodes.world import context


def shown(form, identity="628111", **inputs):
    given = {"device": "toko-1", "to": "628111", **inputs}
    return show_typing(ShowTyping(**form), context(identity=identity), **given)


@pytest.mark.parametrize(
    ("form", "text", "seconds"),
    [
        ({}, None, 2.0),
        ({}, "a" * 60, 5.0),
        ({}, "a" * 900, 12.0),
        ({"seconds": 4}, "a" * 900, 4.0),
    ],
)
def test_types_by_the_length_of_the_text(form, text, seconds):
    assert shown(form, text=text) == Send(
        Message(kind="typing", device="toko-1", to="628111", typing_s=seconds)
    )


def test_types_only_as_often_as_it_was_told():
    answers = [shown({"probability": 0.3}, identity=str(number)) for number in range(500)]

    assert 110 < sum(isinstance(answer, Send) for answer in answers) < 190
    assert all(answer == Go("ok") for answer in answers if not isinstance(answer, Send))
    assert shown({"probability": 0}) == Go("ok")


@pytest.mark.parametrize("inputs", [{"device": None}, {"to": None}])
def test_refuses_to_type_without_a_device_or_a_chat(inputs):
    with pytest.raises(NodeError):
        shown({"probability": 0}, **inputs)
