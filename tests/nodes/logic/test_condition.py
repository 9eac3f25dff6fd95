from types import MappingProxyType

import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.logic.condition import ConditionForm, condition
from tests.nodes.world import SARI, context

SCOPE = {
    "contact": SARI,
    "trigger": {"type": "text", "text": "harga?"},
    "params": MappingProxyType({"batas": 3}),
    "steps": {"pilih": {"count": 5}},
}


@pytest.mark.parametrize(
    ("test", "port"),
    [
        ({"==": [{"var": "trigger.type"}, "text"]}, "match"),
        ({"==": [{"var": "trigger.type"}, "image"]}, "else"),
        ({">": [{"var": "steps.pilih.count"}, {"var": "params.batas"}]}, "match"),
        ({"tag": "vip"}, "match"),
        ({"var": "steps.tidak_ada.x"}, "else"),
        ({"var": [{"cat": ["trigger", ".", "text"]}]}, "match"),
        ({"missing": ["trigger.text", "trigger.media"]}, "match"),
        ({"between_time": ["09:00", "10:00"]}, "match"),
        ({"between_time": ["09:00", "10:00", "WIT"]}, "else"),
        (True, "match"),
        (False, "else"),
    ],
)
def test_tells_what_holds_from_what_does_not(test, port):
    assert condition(ConditionForm(test=test), context(scope=SCOPE)) == Go(port)


def test_says_so_when_the_values_cannot_be_compared():
    params = ConditionForm(test={">": [{"+": [{"var": "trigger.text"}, 1]}, 2]})

    with pytest.raises(NodeError, match="The condition could not be read") as refused:
        condition(params, context(scope=SCOPE))

    assert (refused.value.kind, refused.value.code) == ("bad_config", "condition_failed")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"and": [{"vaar": "a"}]}, r"/and/0 there is no operator \"vaar\" Did you mean \"var\""),
        ({"==": [1, 1], "!=": [1, 2]}, "exactly one operator"),
        ("teks", "valid"),
    ],
)
def test_refuses_a_rule_that_can_never_run(test, message):
    with pytest.raises(ValidationError, match=message):
        ConditionForm(test=test)
