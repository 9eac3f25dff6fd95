import pytest

from nodes.contract import Message, NodeError, Send
from nodes.messaging.mark_seen import MarkSeen, mark_seen
from tests.nodes.world import context


def test_marks_the_chat_as_read():
    answer = mark_seen(MarkSeen(), context(), device="toko-1", chat="628111@c.us")

    assert answer == Send(Message(kind="seen", device="toko-1", to="628111@c.us"))


def test_refuses_a_chat_that_is_none():
    with pytest.raises(NodeError, match="chat is empty"):
        mark_seen(MarkSeen(), context(), device="toko-1", chat=None)
