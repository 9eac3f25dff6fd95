import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.triggers.message import MessageTrigger, message
from tests.nodes.world import context

FORM = {}


def test_hands_on_what_the_event_brought():
    event = {"text": "Halo", "chat_id": "628111@c.us", "device": "toko-1", "event_id": "e1"}

    assert message(MessageTrigger(**FORM), context(scope={"trigger": event})) == Go(
        "next",
        {
            "text": "Halo",
            "type": None,
            "media": None,
            "chat_id": "628111@c.us",
            "device": "toko-1",
            "contact": None,
            "quoted": None,
        },
    )


def test_refuses_an_event_that_is_no_object():
    with pytest.raises(NodeError, match="trigger should be an object but is text"):
        message(MessageTrigger(**FORM), context(scope={"trigger": "x"}))


@pytest.mark.parametrize("form", [{"types": ["surat"]}, {"chats": "x"}, {"devices": "a"}])
def test_refuses_a_form_that_can_start_nothing(form):
    with pytest.raises(ValidationError):
        MessageTrigger(**form)
