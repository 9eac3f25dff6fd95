import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.triggers.link_click import LinkClick, link_click
from tests.nodes.world import context

FORM = {"slug": "promo"}


def test_hands_on_what_the_event_brought():
    event = {"visitor": "v1", "utm": {"source": "ig"}}

    assert link_click(LinkClick(**FORM), context(scope={"trigger": event})) == Go(
        "next", {**event, "source": None, "referer": None, "slug": None}
    )


def test_refuses_an_event_that_is_no_object():
    with pytest.raises(NodeError, match="trigger should be an object but is text"):
        link_click(LinkClick(**FORM), context(scope={"trigger": "x"}))


@pytest.mark.parametrize("form", [{}, {"slug": "Promo Besar"}, {"slug": "-a"}])
def test_refuses_a_form_that_can_start_nothing(form):
    with pytest.raises(ValidationError):
        LinkClick(**form)
