"""A young device starts slowly, and nobody is overrun by people who never wrote."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.forecast import Lane, eta
from domain.pacing import PRESETS, Block, Caps, Pacing, Preset, Reason
from domain.warmth import (
    RAMP,
    RampError,
    Step,
    Warmth,
    caps_by_day,
    check_ramp,
    cold_blocks,
    cold_left,
    is_warming,
    ramp_day,
    step_on,
    warmth,
)

JAKARTA = ZoneInfo("Asia/Jakarta")
FIRST = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("wrote_to", "expected"),
    [({"a"}, Warmth.WARM), ({"a", "b"}, Warmth.WARM), ({"b"}, Warmth.KNOWN), ((), Warmth.COLD)],
)
def test_a_recipient_is_warm_to_the_device_it_wrote_to(wrote_to, expected):
    assert warmth("a", wrote_to) is expected


@pytest.mark.parametrize(
    ("today", "bad_days", "day"),
    [(0, 0, 1), (1, 0, 2), (9, 0, 10), (9, 3, 7), (1, 5, 1), (-1, 0, 1), (3, -2, 4)],
)
def test_a_bad_day_stops_the_ramp_for_a_day(today, bad_days, day):
    assert ramp_day(FIRST, FIRST + timedelta(days=today), bad_days) == day


@pytest.mark.parametrize(
    ("day", "per_hour", "per_day", "cold", "warming"),
    [
        (1, 20, 50, 10, True),
        (2, 20, 50, 10, True),
        (3, 40, 200, 25, True),
        (10, 80, 500, 50, True),
        (11, None, None, 100, False),
        (900, None, None, 100, False),
    ],
)
def test_each_day_has_its_step(day, per_hour, per_day, cold, warming):
    step = step_on(day)
    assert (step.per_hour, step.per_day, step.cold_per_day) == (per_hour, per_day, cold)
    assert is_warming(day) is warming


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_later_day_never_allows_less(one, other):
    early, late = sorted([one, other])
    for field in ("per_hour", "per_day", "cold_per_day"):
        before, after = getattr(step_on(early), field), getattr(step_on(late), field)
        assert after is None or (before is not None and before <= after)


@pytest.mark.parametrize(
    ("pacing", "day", "caps"),
    [
        (
            PRESETS[Preset.NORMAL],
            1,
            Caps(20, 50, Reason.WARM_UP, Reason.WARM_UP),
        ),
        (
            PRESETS[Preset.AMAN],
            6,
            Caps(60, 300, Reason.HOURLY_CAP, Reason.DAILY_CAP),
        ),
        (Pacing(5, 20), 6, Caps(80, 500, Reason.WARM_UP, Reason.WARM_UP)),
        (Pacing(5, 20), 30, Caps(None, None)),
        (PRESETS[Preset.NORMAL], 30, Caps(80, 500)),
    ],
)
def test_the_lower_cap_counts_and_is_named(pacing, day, caps):
    assert caps_by_day(pacing, FIRST)(FIRST + timedelta(days=day - 1)) == caps


def test_a_forecast_for_a_new_device_ends_later_because_of_warm_up():
    pacing = Pacing(5, 20, rest_after=None)
    start = datetime(2026, 11, 23, 8, tzinfo=JAKARTA)
    forecast = eta(500, [Lane(pacing, caps_on=caps_by_day(pacing, FIRST))], start)
    assert [count for _, count in forecast.by_day] == [50, 50, 200, 200]
    assert forecast.reason is Reason.WARM_UP


@pytest.mark.parametrize(("sent", "left"), [(0, 10), (9, 1), (10, 0), (12, 0)])
def test_the_cold_budget_runs_out(sent, left):
    assert cold_left(RAMP[0], sent) == left
    assert cold_left(Step(None, None, None, None), sent) is None


@pytest.mark.parametrize(
    ("recipient", "sent", "held"),
    [
        (Warmth.COLD, 9, False),
        (Warmth.COLD, 10, True),
        (Warmth.KNOWN, 10, True),
        (Warmth.WARM, 10, False),
    ],
)
def test_a_spent_cold_budget_holds_new_chats_until_the_next_local_day(recipient, sent, held):
    now = datetime(2026, 11, 23, 20, tzinfo=JAKARTA)
    midnight = datetime(2026, 11, 24, tzinfo=JAKARTA)
    expected = (Block(Reason.COLD_BUDGET, midnight),) if held else ()
    assert cold_blocks(recipient, RAMP[0], sent, now) == expected


@pytest.mark.parametrize(
    "ramp",
    [
        (),
        (Step(2, 1, 1, 1),),
        (Step(None, 1, 1, 1), Step(None, 1, 1, 1)),
        (Step(5, 1, 1, 1), Step(2, 1, 1, 1), Step(None, 1, 1, 1)),
        (Step(2, 1, 1, 1), Step(2, 1, 1, 1), Step(None, 1, 1, 1)),
        (Step(0, 1, 1, 1), Step(None, 1, 1, 1)),
        (Step(None, 1, -1, 1),),
    ],
)
def test_a_ramp_that_does_not_rise_or_end_is_refused(ramp):
    with pytest.raises(RampError):
        check_ramp(ramp)
