from datetime import timedelta

import pytest
from pydantic import ValidationError

from nodes.contract import Wait
from nodes.timing.wait import WaitFor, wait
from tests.nodes.world import NOW, context


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(30, 30), ("30s", 30), ("1h 30m", 5_400), ("1.5d", 129_600), ("250ms", 0.25), (0, 0)],
)
def test_waits_for_as_long_as_it_was_told(duration, seconds):
    assert wait(WaitFor(duration=duration), context()) == Wait(NOW + timedelta(seconds=seconds))


def test_draws_a_pause_between_two_bounds_and_draws_the_same_one_again():
    params = WaitFor(min="10s", max="1m")
    lengths = [
        (wait(params, context(identity=str(number))).until - NOW).total_seconds()
        for number in range(200)
    ]

    assert 10 <= min(lengths) < 13
    assert 57 < max(lengths) <= 60
    assert wait(params, context()) == wait(params, context(run_id=99))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "give a duration, or both min and max"),
        ({"min": 1}, "give a duration, or both min and max"),
        ({"duration": 1, "max": 2}, "either a duration, or min and max"),
        ({"min": 9, "max": 2}, "max is below min"),
        ({"duration": "sebentar"}, "'sebentar' is no duration"),
        ({"duration": "366d"}, "between 0 seconds and 365 days"),
        ({"duration": ["1s"]}, "expected a duration like 30s"),
    ],
)
def test_refuses_a_pause_that_makes_no_sense(form, message):
    with pytest.raises(ValidationError, match=message):
        WaitFor(**form)
