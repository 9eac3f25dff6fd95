"""Typed references: how they are written, found and resolved."""

import pytest

from flows.references import Ref, find_refs, is_reference, parse, resolve

SCOPE = {
    "trigger": {"text": "halo", "items": [{"id": 7}]},
    "steps": {"ocr": {"text": None}, "pick": {"device": "dev_a", "trick": {"$": "trigger.text"}}},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$": "trigger.text"}, "halo"),
        ({"$": "trigger.items.0.id"}, 7),
        ({"$": "trigger.items.9.id"}, None),
        ({"$": "steps.gone.text"}, None),
        ({"$": ["steps.ocr.text", "trigger.text"]}, "halo"),  # the first that is not null
        ({"a": [{"$": "steps.pick.device"}, 2]}, {"a": ["dev_a", 2]}),
        ({"$": "steps.pick.trick"}, {"$": "trigger.text"}),  # what comes out is a leaf
        ("$: trigger.text", "$: trigger.text"),
    ],
)
def test_a_reference_becomes_the_value_it_names_in_its_own_type(value, expected):
    assert resolve(value, SCOPE) == expected


def test_references_are_found_with_their_place():
    value = {
        "to": {"$": "item.phone"},
        "list": [1, {"$": ["a.b", "c"]}],
        "bad": {"$": "not a path"},
    }

    assert list(find_refs(value)) == [
        (("to",), Ref(("item.phone",))),
        (("list", 1), Ref(("a.b", "c"))),
    ]


@pytest.mark.parametrize(
    "value", [{"$": ""}, {"$": 7}, {"$": []}, {"$": ["a"] * 9}, {"$": "a..b"}, {"$": "a b"}, "a.b"]
)
def test_an_ill_formed_reference_is_refused(value):
    with pytest.raises(ValueError, match=r"reference|path"):
        parse(value)


def test_a_mapping_with_more_keys_is_no_reference():
    assert not is_reference({"$": "a.b", "other": 1})
