"""A forecast tells when a broadcast ends, and what would have to change to end it sooner."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import Lane, eta
from domain.pacing import (
    PRESETS,
    Block,
    Caps,
    LaneState,
    Pacing,
    Preset,
    Reason,
    may_leave,
    rolled,
    started,
)
from domain.windows import windows

JAKARTA = ZoneInfo("Asia/Jakarta")
PLAIN = Pacing(5, 20, rest_after=None)
OFFICE = windows({"mon-fri": ["08:00-17:00"]})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=JAKARTA)


MONDAY = at("2026-11-23T08:00")


@pytest.mark.parametrize(
    ("pacing", "devices", "call_s", "hours"),
    [
        (Pacing(5, 20, rest_after=None), 1, 0, 3.5),
        (Pacing(5, 20, rest_after=None), 1, 6, 5.1),
        (Pacing(15, 45, rest_after=None), 1, 0, 8.3),
        (Pacing(15, 45, rest_after=None), 3, 0, 2.8),
        (Pacing(15, 45, rest_after=None), 6, 6, 1.7),
        (Pacing(30, 60, rest_after=None), 1, 6, 14.2),
        (Pacing(30, 60, rest_after=None), 6, 0, 2.1),
    ],
)
def test_a_thousand_messages_take_the_hours_that_were_measured(pacing, devices, call_s, hours):
    forecast = eta(1000, [Lane(pacing)] * devices, MONDAY, call_s=call_s)
    assert (forecast.ends_at - MONDAY).total_seconds() / 3600 == pytest.approx(hours, abs=0.05)
    assert forecast.reason is None
    assert sum(forecast.by_lane) == 1000
    assert max(forecast.by_lane) - min(forecast.by_lane) <= 2


def test_the_daily_cap_moves_the_end_to_thursday_and_is_named():
    pacing = replace(PLAIN, per_day=300)
    forecast = eta(1000, [Lane(pacing)], MONDAY, rules=[OFFICE])
    assert forecast.by_day == (
        (date(2026, 11, 23), 300),
        (date(2026, 11, 24), 300),
        (date(2026, 11, 25), 300),
        (date(2026, 11, 26), 100),
    )
    assert forecast.reason is Reason.DAILY_CAP
    assert forecast.sentence().startswith("Selesai sekitar Kam, 26 Nov 08.")
    assert "Batas harian" in forecast.sentence()
    assert "daily cap" in forecast.sentence(language="en")


def test_a_warm_up_that_gives_more_each_day_is_counted_day_by_day():
    shares = {23: 50, 24: 100, 25: 200}
    lane = Lane(PLAIN, caps_on=lambda day: Caps(per_day=shares[day.day], day_reason=Reason.WARM_UP))
    forecast = eta(300, [lane], MONDAY)
    assert [count for _, count in forecast.by_day] == [50, 100, 150]
    assert forecast.reason is Reason.WARM_UP


def test_the_window_is_named_when_only_it_delays():
    forecast = eta(1000, [Lane(PLAIN)], at("2026-11-27T15:00"), rules=[OFFICE])  # a Friday
    assert forecast.ends_at.astimezone(JAKARTA).date() == date(2026, 11, 30)
    assert forecast.reason is Reason.OUTSIDE_HOURS


def test_a_lane_starts_from_where_it_is():
    state = replace(rolled(LaneState(), MONDAY), sent_today=290)
    forecast = eta(20, [Lane(replace(PLAIN, per_day=300), state)], MONDAY)
    assert [count for _, count in forecast.by_day] == [10, 10]


def test_a_frozen_device_leaves_the_work_to_the_others():
    frozen = Lane(PLAIN, blocks=(Block(Reason.DEVICE_PAUSED),))
    forecast = eta(100, [frozen, Lane(PLAIN)], MONDAY)
    assert forecast.by_lane == (0, 100)
    assert forecast.reason is None


@pytest.mark.parametrize(
    ("lanes", "rules", "reason"),
    [
        ([], [], Reason.DISCONNECTED),
        ([Lane(PLAIN, blocks=(Block(Reason.DEVICE_PAUSED),))], [], Reason.DEVICE_PAUSED),
        ([Lane(PLAIN)], [windows({})], Reason.NEVER_OPEN),
    ],
)
def test_messages_that_have_no_time_to_go_are_counted(lanes, rules, reason):
    forecast = eta(7, lanes, MONDAY, rules=rules)
    assert (forecast.ends_at, forecast.reason, forecast.left) == (None, reason, 7)
    assert forecast.sentence().startswith("7 pesan belum punya waktu kirim.")


def test_a_broadcast_longer_than_a_year_gets_no_end():
    forecast = eta(1000, [Lane(replace(PLAIN, per_day=1))], MONDAY)
    assert forecast.ends_at is None
    assert forecast.reason is Reason.DAILY_CAP
    assert 0 < forecast.left < 1000


def test_no_messages_end_at_once():
    assert eta(0, [Lane(PLAIN)], MONDAY).ends_at == MONDAY
    with pytest.raises(ValueError, match="0 or more"):
        eta(-1, [], MONDAY)


def test_a_million_messages_without_gaps_are_forecast_too():
    forecast = eta(1_000_000, [Lane(Pacing(0, 0, rest_after=None))] * 4, MONDAY)
    assert forecast.left == 0
    assert forecast.ends_at == MONDAY


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 400),
    st.integers(1, 3),
    st.sampled_from([[], [OFFICE]]),
    st.none() | st.integers(5, 60),
    st.none() | st.integers(20, 200),
)
def test_a_forecast_agrees_with_the_lanes_themselves(count, devices, rules, per_hour, per_day):
    """Message by message with the mean gap, the real rules end within two gaps of the forecast."""
    pacing = Pacing(12, 12, rest_after=None, per_hour=per_hour, per_day=per_day)
    start = at("2026-11-23T10:20").astimezone(UTC)
    forecast = eta(count, [Lane(pacing)] * devices, start, rules=rules)
    states, last = [LaneState()] * devices, start
    for _ in range(count):
        leaves = [may_leave(state, pacing, start, rules=rules).at for state in states]
        first = min(range(devices), key=lambda number: leaves[number])
        last = leaves[first]
        states[first] = started(states[first], pacing, last, Random(0))
        start_of_next = min(leaves)
        start = max(start, start_of_next)
    assert sum(forecast.by_lane) == sum(sent for _, sent in forecast.by_day) == count
    assert abs((forecast.ends_at - last).total_seconds()) <= 30


def test_presets_rest_and_still_end():
    forecast = eta(200, [Lane(PRESETS[Preset.AMAN])], MONDAY)
    assert forecast.ends_at > MONDAY + timedelta(hours=3)
