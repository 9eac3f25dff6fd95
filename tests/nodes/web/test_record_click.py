"""Record click: notes down which number a visitor went to, and where the visitor came from."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.click_codes import find
from nodes.contract import Go, NodeError
from nodes.web.record_click import RecordClick, pretend, record_click
from tests.nodes.world import World, context

PHONE = "6281200000001"


class Noting(World):
    """Keeps the clicks."""

    def click(self, rotator: str, target: str, source: Mapping[str, Any]) -> str:
        self.clicks = [*getattr(self, "clicks", ()), (rotator, target, dict(source))]
        return "K7M29PQX"


@pytest.mark.parametrize(
    ("trigger", "source"),
    [
        ({"utm": {"source": "ig", "term": None}}, {"utm_source": "ig"}),
        (
            {"source": {"gclid": "x", "src": "pintu"}, "utm": {"source": "ig"}},
            {"gclid": "x", "src": "pintu"},
        ),
        ({"source": {"fbclid": "y" * 900}}, {"fbclid": "y" * 200}),
        ({"source": {"a": 1, "b": ["x"], "c": ""}}, {}),
        ({}, {}),
    ],
)
def test_notes_the_number_and_where_the_visitor_came_from(
    trigger: dict[str, Any], source: dict[str, str]
) -> None:
    world = Noting()
    ctx = context(world, {"trigger": {"slug": "promo", **trigger}})

    assert record_click(RecordClick(), ctx, target="0812-0000-0001") == Go(
        "ok", {"code": "K7M29PQX"}
    )
    assert world.clicks == [("promo", PHONE, source)]


def test_a_link_that_is_named_goes_before_the_one_that_was_opened() -> None:
    world = Noting()

    record_click(
        RecordClick(rotator="lain"), context(world, {"trigger": {"slug": "promo"}}), target=PHONE
    )

    assert world.clicks[0][0] == "lain"


def test_pretends_with_a_code_that_is_the_same_each_time() -> None:
    ctx = context(World(), {"trigger": {"slug": "promo"}})

    first = pretend(RecordClick(), ctx, target=PHONE)

    assert first == pretend(RecordClick(), ctx, target=PHONE)
    assert [code for code, _ in find(f"(#{first.values['code']})")] == [first.values["code"]]


@pytest.mark.parametrize(
    ("trigger", "target", "code"),
    [
        ({}, PHONE, "no_link"),
        ({"slug": 3}, PHONE, "no_link"),
        ({"slug": "promo"}, "12345@g.us", "bad_target"),
        ({"slug": "promo"}, "111@lid", "bad_target"),
        ({"slug": "promo"}, "halo", "bad_target"),
    ],
)
def test_names_what_is_missing(trigger: dict[str, Any], target: str, code: str) -> None:
    with pytest.raises(NodeError) as caught:
        record_click(RecordClick(), context(Noting(), {"trigger": trigger}), target=target)

    assert caught.value.code == code
