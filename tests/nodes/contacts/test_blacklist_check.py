import pytest

from nodes.contacts.blacklist_check import BlacklistCheck, blacklist_check
from nodes.contract import Go, NodeError
from tests.nodes.world import World, context

WORLD = World(blacklist={"628999": "opt_out", "77:1@lid": "spam"})


@pytest.mark.parametrize(
    ("phone", "answer"),
    [
        ("628111", Go("clear")),
        ("628999", Go("blocked", {"reason": "opt_out"})),
        (628999, Go("blocked", {"reason": "opt_out"})),  # a number cell is no text
        ("77:1@lid", Go("blocked", {"reason": "spam"})),
    ],
)
def test_tells_who_must_not_be_written_to(phone, answer):
    assert blacklist_check(BlacklistCheck(), context(WORLD), phone=phone) == answer


@pytest.mark.parametrize(
    ("phone", "message"),
    [
        (None, "phone is empty"),
        ("  ", "phone is empty"),
        ({"a": 1}, "phone should be text but is an object"),
        ("besok", "phone: 'besok' is no WhatsApp number"),
    ],
)
def test_refuses_what_is_no_number(phone, message):
    with pytest.raises(NodeError, match=message) as refused:
        blacklist_check(BlacklistCheck(), context(WORLD), phone=phone)

    assert refused.value.kind == "bad_config"
