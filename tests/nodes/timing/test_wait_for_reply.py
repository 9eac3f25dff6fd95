from datetime import timedelta

import pytest

from nodes.contract import NodeError, Wait
from nodes.timing.wait_for_reply import WaitForReply, wait_for_reply
from tests.nodes.world import NOW, context


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({"chat": "628111@c.us"}, "reply:*:628111"),
        ({"chat": "0812-3456-7890", "device": "toko-1"}, "reply:toko-1:6281234567890"),
        ({"chat": "7669967701@lid"}, "reply:*:7669967701@lid"),
    ],
)
def test_waits_for_a_message_of_this_chat(inputs, key):
    answer = wait_for_reply(WaitForReply(timeout="2h"), context(), **inputs)

    assert answer == Wait(NOW + timedelta(hours=2), then="timeout", key=key, on_event="replied")


def test_refuses_to_wait_for_nobody():
    with pytest.raises(NodeError, match="chat is empty"):
        wait_for_reply(WaitForReply(), context(), chat=None)
