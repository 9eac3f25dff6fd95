import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.triggers.webhook import Webhook, webhook
from tests.nodes.world import context

FORM = {}


def test_hands_on_what_the_event_brought():
    event = {"body": {"nama": "Sari"}, "headers": {}, "query": {"a": "1"}}

    assert webhook(Webhook(**FORM), context(scope={"trigger": event})) == Go(
        "next", {"body": {"nama": "Sari"}, "headers": {}, "query": {"a": "1"}}
    )


def test_refuses_an_event_that_is_no_object():
    with pytest.raises(NodeError, match="trigger should be an object but is text"):
        webhook(Webhook(**FORM), context(scope={"trigger": "x"}))


@pytest.mark.parametrize("form", [{"token": "x"}])
def test_refuses_a_form_that_can_start_nothing(form):
    with pytest.raises(ValidationError):
        Webhook(**form)
