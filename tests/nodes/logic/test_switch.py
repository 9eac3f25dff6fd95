import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.logic.switch import Switch, cases_of, switch
from tests.nodes.world import context


def is_type(*types):
    return {"in": [{"var": "trigger.type"}, list(types)]}


CASES = {"teks": is_type("text"), "berkas": is_type("image", "document"), "semua": is_type("image")}


@pytest.mark.parametrize(
    ("kind", "port", "case"),
    [
        ("text", "teks", "teks"),
        ("image", "berkas", "berkas"),  # the first case that holds
        ("audio", "else", None),
        (None, "else", None),
    ],
)
def test_leaves_by_the_first_case_that_holds(kind, port, case):
    answer = switch(Switch(cases=CASES), context(scope={"trigger": {"type": kind}}))

    assert answer == Go(port, {"case": case})


def test_has_a_way_out_for_each_case():
    assert cases_of(Switch(cases=CASES)) == ("teks", "berkas", "semua")


def test_says_so_when_a_case_cannot_be_worked_out():
    params = Switch(cases={"a": {">": [{"-": [{"var": "trigger.type"}, 1]}, 0]}})

    with pytest.raises(NodeError, match="The condition could not be read"):
        switch(params, context(scope={"trigger": {"type": "text"}}))


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ({}, "at least 1"),
        ({"else": True}, "else is a way out of every switch"),
        ({"error": True}, "error is a way out of every switch"),
        ({"Besar": True}, "should match pattern"),
        ({"a": {"vaar": "x"}}, 'case a: / there is no operator "vaar"'),
        ({f"c{number}": True for number in range(21)}, "at most 20"),
    ],
)
def test_refuses_cases_that_cannot_be_ways_out(cases, message):
    with pytest.raises(ValidationError, match=message):
        Switch(cases=cases)
