import pytest
from pydantic import ValidationError

from nodes.contract import Each, NodeError
from nodes.logic.for_each import MAX_ITEMS, ForEach, for_each
from tests.nodes.world import context


@pytest.mark.parametrize(
    ("items", "cursor"),
    [
        (
            {"kind": "audience", "tags_any": ["VIP"]},
            {"kind": "audience", "tags_any": ["VIP"]},
        ),
        ([1, 2], {"kind": "list", "items": [1, 2]}),
        ([], {"kind": "list", "items": []}),
        ({"kind": "list", "items": ("a",)}, {"kind": "list", "items": ["a"]}),
    ],
)
def test_runs_its_body_over_a_cursor_or_a_list(items, cursor):
    answer = for_each(ForEach(window=7, order="shuffled"), context(), items=items)

    assert answer == Each(cursor=cursor, window=7, order="shuffled")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (None, "bad_items"),
        ("628111", "bad_items"),
        ({"a": 1}, "bad_items"),
        ({"kind": "list"}, "bad_items"),
        (range(3), "bad_items"),
        ([0] * (MAX_ITEMS + 1), "too_many_items"),
    ],
)
def test_refuses_what_is_no_list(items, code):
    with pytest.raises(NodeError) as refused:
        for_each(ForEach(), context(), items=items)

    assert refused.value.code == code


@pytest.mark.parametrize("window", [0, 501])
def test_keeps_its_window_within_bounds(window):
    with pytest.raises(ValidationError):
        ForEach(window=window)
