import pytest

from nodes.contacts.opt_out_check import OptOutCheck, opt_out_check
from nodes.contract import Go, NodeError
from tests.nodes.world import World, context

FOOTER = World(shop={"footer": "Ketik BERHENTI untuk berhenti"})


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("STOP", "opt_out"),
        ("berhenti kak", "opt_out"),
        ("BATAL", "ask_back"),
        ("busnya berhenti di mana?", "none"),
        ("Ketik BERHENTI untuk berhenti", "none"),
        ("", "none"),
        (None, "none"),
    ],
)
def test_tells_a_request_to_stop_from_other_messages(text, port):
    assert opt_out_check(OptOutCheck(), context(FOOTER), text=text) == Go(port)


def test_works_for_a_shop_without_a_footer():
    assert opt_out_check(OptOutCheck(), context(World(shop={"footer": " "})), text="STOP").port == (
        "opt_out"
    )


def test_refuses_what_is_no_text():
    with pytest.raises(NodeError, match="text should be text but is an object"):
        opt_out_check(OptOutCheck(), context(), text={})
