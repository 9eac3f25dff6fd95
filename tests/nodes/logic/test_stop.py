import pytest

from nodes.contract import Stop
from nodes.logic.stop import StopHere, stop
from tests.nodes.world import context


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({}, Stop(None, "succeeded")),
        ({"reason": " stok_habis ", "status": "skipped"}, Stop("stok_habis", "skipped")),
        ({"reason": " ", "status": "failed"}, Stop(None, "failed")),
    ],
)
def test_ends_the_run_as_it_was_told(form, answer):
    assert stop(StopHere(**form), context()) == answer
