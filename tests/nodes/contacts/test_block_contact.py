"""Block contact: who goes on the blacklist, and for which reason."""

import pytest

from nodes.contacts.block_contact import BlockContact, block_contact, pretend
from nodes.contract import Go, NodeError
from tests.nodes.world import World, context


@pytest.mark.parametrize("reason", ["UNSUBSCRIBE", "MANUAL", "SPAM_REPORT"])
def test_blocks_the_person_for_the_reason_given(reason):
    world = World()

    assert block_contact(
        BlockContact(reason=reason), context(world), phone="+62 811-1222-333"
    ) == Go("ok")
    assert world.barred == [("628111222333", reason)]


def test_blocks_somebody_whose_number_is_hidden():
    world = World()

    block_contact(BlockContact(), context(world), phone="123456789012345@lid")

    assert world.barred == [("123456789012345@lid", "UNSUBSCRIBE")]


def test_pretends_without_blocking_but_refuses_what_is_no_number():
    world = World()

    assert pretend(BlockContact(), context(world), phone="628111") == Go("ok")
    assert world.barred == []
    with pytest.raises(NodeError):
        pretend(BlockContact(), context(world), phone="halo")
