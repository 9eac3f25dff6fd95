import pytest
from pydantic import ValidationError

from nodes.contract import Repeat
from nodes.logic.repeat import RepeatForm, repeat
from tests.nodes.world import context


def test_runs_its_body_as_often_as_it_was_told():
    assert repeat(RepeatForm(times=5), context()) == Repeat(5)


@pytest.mark.parametrize("times", [0, 1_001, "banyak"])
def test_keeps_its_rounds_within_bounds(times):
    with pytest.raises(ValidationError):
        RepeatForm(times=times)
