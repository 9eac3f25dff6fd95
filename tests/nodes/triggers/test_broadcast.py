from nodes.contract import Go
from nodes.triggers.broadcast import Broadcast, broadcast
from tests.nodes.world import context


def test_goes_on_with_nothing_of_its_own():
    assert broadcast(Broadcast(), context()) == Go("next")
