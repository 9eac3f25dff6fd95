import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.triggers.contact_event import ContactEvent, contact_event
from tests.nodes.world import context

FORM = {"events": ["tagged"], "tags": ["VIP"]}


def test_hands_on_what_the_event_brought():
    event = {"event": "tagged", "contact": {"phone": "628111"}}

    assert contact_event(ContactEvent(**FORM), context(scope={"trigger": event})) == Go(
        "next", {"event": "tagged", "contact": {"phone": "628111"}}
    )


def test_refuses_an_event_that_is_no_object():
    with pytest.raises(NodeError, match="trigger should be an object but is text"):
        contact_event(ContactEvent(**FORM), context(scope={"trigger": "x"}))


@pytest.mark.parametrize("form", [{}, {"events": []}, {"events": ["born"]}])
def test_refuses_a_form_that_can_start_nothing(form):
    with pytest.raises(ValidationError):
        ContactEvent(**form)
