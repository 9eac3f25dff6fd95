"""A device keeps its gaps, rests, caps and hours, across crashes, restarts and clock jumps."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pacing import (
    PRESETS,
    RISK_SENTENCES,
    SENTENCES,
    Block,
    Caps,
    Kind,
    LaneState,
    Leave,
    Pacing,
    PacingError,
    Preset,
    Reason,
    Risk,
    clamp,
    ended,
    lost,
    may_leave,
    mean_gap_s,
    next_gap_s,
    risks,
    rolled,
    started,
    taken_back,
)
from domain.windows import allowed, windows

JAKARTA = ZoneInfo("Asia/Jakarta")
NORMAL = PRESETS[Preset.NORMAL]
PLAIN = Pacing(5, 20, rest_after=None)
OFFICE = windows({"mon-fri": ["08:00-17:00"]})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=JAKARTA)


NOON = at("2026-11-23T12:00")  # a Monday


def seconds(count):
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("preset", "min_s", "max_s", "risky"),
    [
        (Preset.AMAN, 30, 60, False),
        (Preset.NORMAL, 15, 45, False),
        (Preset.CEPAT, 8, 20, True),
        (Preset.CUSTOM, 5, 20, True),
    ],
)
def test_each_preset_has_its_gaps_and_says_when_it_is_risky(preset, min_s, max_s, risky):
    pacing = PRESETS[preset]
    assert (pacing.min_s, pacing.max_s, pacing.preset) == (min_s, max_s, preset)
    assert (Risk.FAST in risks(pacing)) is risky


def test_a_pacing_names_everything_that_looks_like_a_machine():
    assert risks(Pacing(5, 5, rest_after=None)) == (
        Risk.FAST,
        Risk.REGULAR,
        Risk.NO_REST,
        Risk.NO_CAP,
    )
    assert risks(PRESETS[Preset.AMAN]) == ()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("min_s", {"min_s": -1}),
        ("max_s", {"min_s": 21}),
        ("max_s", {"max_s": float("nan")}),
        ("max_s", {"max_s": 90_000}),
        ("rest_after", {"rest_after": (0, 5)}),
        ("rest_after", {"rest_after": (9, 5)}),
        ("rest_s", {"rest_s": (900, 300)}),
        ("per_hour", {"per_hour": 0}),
        ("per_day", {"per_day": -3}),
    ],
)
def test_a_pacing_that_can_not_be_names_the_wrong_field(field, values):
    with pytest.raises(PacingError) as refusal:
        Pacing(**{"min_s": 5, "max_s": 20, **values})
    assert refusal.value.field == field


def test_every_reason_and_risk_has_a_sentence_in_both_languages():
    for language in ("id", "en"):
        assert set(SENTENCES[language]) == set(Reason)
        assert set(RISK_SENTENCES[language]) == set(Risk)


@given(st.floats(0, 100), st.floats(0, 100), st.randoms(use_true_random=False))
def test_a_gap_lies_within_its_bounds(low, more, rng):
    pacing = Pacing(low, low + more)
    assert pacing.min_s <= next_gap_s(pacing, rng) <= pacing.max_s


def test_gaps_are_spread_over_the_whole_range():
    rng = Random(7)
    gaps = [next_gap_s(PLAIN, rng) for _ in range(2000)]
    assert min(gaps) < 5.2
    assert max(gaps) > 19.8
    assert sum(gaps) / len(gaps) == pytest.approx(12.5, abs=0.3)


@pytest.mark.parametrize(
    ("pacing", "mean_s"),
    [
        (PLAIN, 12.5),
        (Pacing(5, 20, rest_after=(20, 20), rest_s=(600, 600)), 12.5 + (600 - 12.5) / 20),
    ],
)
def test_the_mean_gap_holds_its_share_of_the_rests(pacing, mean_s):
    assert mean_gap_s(pacing) == pytest.approx(mean_s)
    assert mean_gap_s(pacing, call_s=6) == pytest.approx(mean_s + 6)


def test_a_fresh_lane_may_send_at_once():
    assert may_leave(LaneState(), PLAIN, NOON) == Leave(NOON)
    assert may_leave(LaneState(), PLAIN, NOON).now


def test_the_gap_is_set_before_the_call_and_pushed_on_when_it_ends():
    state = started(LaneState(), PLAIN, NOON, Random(1))
    assert state.next_broadcast_at == NOON + seconds(state.gap_s)
    later = ended(state, NOON + seconds(8))
    assert later.next_broadcast_at == NOON + seconds(8 + state.gap_s)
    assert ended(later, NOON + seconds(8)) == later  # told twice, nothing changes
    assert may_leave(later, PLAIN, NOON + seconds(9)).reason is Reason.GAP


def test_a_call_nobody_saw_end_counts_until_its_timeout():
    state = started(LaneState(), PLAIN, NOON, Random(1))
    gone = lost(state, NOON, 30)
    assert gone.next_broadcast_at == NOON + seconds(30 + state.gap_s)
    assert gone.next_any_at == NOON + seconds(31)


@pytest.mark.parametrize("kind", [Kind.HUMAN, Kind.REPLY, Kind.TEST])
def test_a_reply_never_waits_for_a_broadcasts_gap_and_only_for_the_least_gap(kind):
    state = ended(started(LaneState(), PLAIN, NOON, Random(1)), NOON)
    reply = may_leave(state, PLAIN, NOON, kind, rules=[windows({})])
    assert reply == Leave(NOON + seconds(1), Reason.ANY_GAP)
    answered = ended(started(state, PLAIN, reply.at, Random(2), kind), reply.at, kind)
    assert answered.next_broadcast_at == state.next_broadcast_at
    assert answered.sent_today == 1  # only broadcasts count
    assert may_leave(answered, PLAIN, NOON, kind).at == NOON + seconds(2)


def test_a_broadcast_waits_a_second_after_a_reply_too():
    state = ended(started(LaneState(), PLAIN, NOON, Random(1), Kind.REPLY), NOON, Kind.REPLY)
    assert may_leave(state, PLAIN, NOON) == Leave(NOON + seconds(1), Reason.ANY_GAP)


def test_a_device_rests_after_a_number_of_messages_that_differs():
    pacing, rng = Pacing(5, 20, rest_after=(3, 5), rest_s=(300, 900)), Random(3)
    state, now, runs, run = LaneState(), NOON, [], 0
    for _ in range(200):
        state = started(state, pacing, now, rng)
        run += 1
        if state.resting:
            assert 300 <= state.gap_s <= 900
            assert may_leave(state, pacing, now).reason is Reason.REST
            runs.append(run)
            run = 0
        else:
            assert state.gap_s <= 20
        now = state.next_broadcast_at
    assert set(runs) == {3, 4, 5}


@pytest.mark.parametrize(
    ("caps", "sent_today", "sent_this_hour", "expected"),
    [
        (Caps(per_day=10), 10, 0, Leave(at("2026-11-24T00:00"), Reason.DAILY_CAP)),
        (Caps(per_day=10), 9, 0, Leave(NOON)),
        (Caps(per_hour=5), 5, 5, Leave(at("2026-11-23T13:00"), Reason.HOURLY_CAP)),
        (
            Caps(per_day=10, day_reason=Reason.WARM_UP),
            10,
            0,
            Leave(at("2026-11-24T00:00"), Reason.WARM_UP),
        ),
        (Caps(per_day=0), 0, 0, Leave(None, Reason.DAILY_CAP)),
    ],
)
def test_a_cap_holds_until_its_hour_or_day_is_over(caps, sent_today, sent_this_hour, expected):
    state = replace(rolled(LaneState(), NOON), sent_today=sent_today, sent_this_hour=sent_this_hour)
    assert may_leave(state, PLAIN, NOON, caps_on=lambda _day: caps) == expected


def test_the_pacings_own_caps_count_when_no_others_are_given():
    state = replace(rolled(LaneState(), NOON), sent_today=500, sent_this_hour=80)
    assert may_leave(state, NORMAL, NOON).reason is Reason.DAILY_CAP
    assert may_leave(replace(state, sent_today=80), NORMAL, NOON).reason is Reason.HOURLY_CAP


def test_the_daily_cap_is_named_even_when_the_window_opens_later():
    state = replace(rolled(LaneState(), NOON), sent_today=500)
    leave = may_leave(state, NORMAL, NOON, rules=[OFFICE])
    assert leave == Leave(at("2026-11-24T08:00"), Reason.DAILY_CAP)
    assert leave.sentence() == (
        "Batas harian nomor ini sudah tercapai; lanjut Sel, 24 Nov 08.00 WIB."
    )
    assert leave.sentence("WIT", "en") == (
        "This number has reached its daily cap; goes on Tue, 24 Nov 10:00 WIT."
    )


@pytest.mark.parametrize(
    ("now", "rules", "expected"),
    [
        ("2026-11-23T18:00", [OFFICE], Leave(at("2026-11-24T08:00"), Reason.OUTSIDE_HOURS)),
        (
            "2026-11-23T22:00",
            [windows(quiet="21:00-07:00")],
            Leave(at("2026-11-24T07:00"), Reason.QUIET_HOURS),
        ),
        (
            "2026-12-25T09:00",
            [windows(holidays=[at("2026-12-25T00:00").date()])],
            Leave(at("2026-12-26T00:00"), Reason.HOLIDAY),
        ),
        ("2026-11-23T09:00", [windows({})], Leave(None, Reason.NEVER_OPEN)),
    ],
)
def test_a_broadcast_waits_for_its_hours_and_says_which(now, rules, expected):
    assert may_leave(LaneState(), PLAIN, at(now), rules=rules) == expected


def test_a_gap_that_runs_over_closing_time_waits_for_the_next_opening():
    state = LaneState(next_broadcast_at=at("2026-11-23T17:00:05"))
    leave = may_leave(state, PLAIN, at("2026-11-23T16:59:55"), rules=[OFFICE])
    assert leave == Leave(at("2026-11-24T08:00"), Reason.OUTSIDE_HOURS)


def test_a_block_holds_every_kind_until_it_ends_or_somebody_acts():
    cold = Block(Reason.COLD_FROZEN, NOON + timedelta(hours=3))
    assert may_leave(LaneState(), PLAIN, NOON, blocks=[cold]) == Leave(
        NOON + timedelta(hours=3), Reason.COLD_FROZEN
    )
    paused = Block(Reason.DEVICE_PAUSED)
    held = may_leave(LaneState(), PLAIN, NOON, Kind.REPLY, blocks=[paused])
    assert held == Leave(None, Reason.DEVICE_PAUSED)
    assert held.sentence() == "Nomor ini dijeda."
    assert may_leave(LaneState(), PLAIN, NOON, blocks=[Block(Reason.COOLING, NOON)]).now


def test_counters_start_over_with_the_local_day_and_hour():
    state = replace(rolled(LaneState(), NOON), sent_today=7, sent_this_hour=3)
    assert rolled(state, NOON + timedelta(minutes=59)) == state
    hour_later = rolled(state, NOON + timedelta(hours=1))
    assert (hour_later.sent_today, hour_later.sent_this_hour) == (7, 0)
    assert rolled(state, at("2026-11-24T00:00")).sent_today == 0


def test_a_clock_that_steps_back_over_midnight_starts_no_second_count():
    midnight = at("2026-11-24T00:00")
    state = replace(rolled(LaneState(), midnight), sent_today=7, sent_this_hour=7)
    assert rolled(state, midnight - seconds(5)) == state
    assert rolled(state, midnight - timedelta(days=30)).sent_today == 0  # that clock was wrong


def test_a_send_that_certainly_did_not_go_out_uses_up_no_cap():
    state = started(LaneState(), PLAIN, NOON, Random(1))
    back = taken_back(state, NOON)
    assert (back.sent_today, back.sent_this_hour) == (0, 0)
    assert back.next_broadcast_at == state.next_broadcast_at  # but the gap is kept
    next_day = started(state, PLAIN, NOON + timedelta(days=1), Random(1))
    assert taken_back(next_day, NOON).sent_today == 1  # yesterday's is no longer counted


def test_a_clock_that_jumped_forward_and_back_does_not_hold_the_device():
    state = LaneState(
        next_broadcast_at=NOON + timedelta(days=300), next_any_at=NOON + timedelta(days=300)
    )
    leave = may_leave(state, PLAIN, NOON)
    assert leave.at <= NOON + seconds(20 + 90 + 60)
    assert may_leave(state, PLAIN, NOON, Kind.REPLY).at <= NOON + seconds(1 + 90 + 60)


@pytest.mark.parametrize(("ahead_s", "kept_s"), [(0, 0), (79, 79), (80, 80), (81, 20), (9999, 20)])
def test_a_time_too_far_ahead_is_pulled_back_to_the_longest_wait(ahead_s, kept_s):
    assert clamp(NOON + seconds(ahead_s), NOON, 20) == NOON + seconds(kept_s)
    assert clamp(None, NOON, 20) is None


PACINGS = st.builds(
    lambda low, more, rest, hour, day: Pacing(
        low, low + more, rest_after=rest, rest_s=(60, 120), per_hour=hour, per_day=day
    ),
    st.floats(0, 40),
    st.floats(0, 60),
    st.none() | st.just((2, 4)),
    st.none() | st.integers(1, 20),
    st.none() | st.integers(1, 40),
)
RULES = st.sampled_from([[], [OFFICE], [windows(quiet="21:00-07:00", zone="WIT")]])
KINDS = st.sampled_from([Kind.BROADCAST, Kind.BROADCAST, Kind.REPLY])


@settings(max_examples=60, deadline=None)
@given(PACINGS, RULES, st.lists(st.tuples(KINDS, st.floats(0, 40)), max_size=60), st.integers())
def test_a_lane_that_asks_first_keeps_every_rule(pacing, rules, sends, number):
    """Whatever is sent when asked, gaps, caps and hours hold in the record that results."""
    rng, state, now = Random(number), LaneState(), NOON.astimezone(UTC)
    calls = []
    for kind, call_s in sends:
        leave = may_leave(state, pacing, now, kind, rules=rules)
        assert leave.at >= now
        begin = leave.at
        state = started(state, pacing, begin, rng, kind)
        state = ended(state, begin + seconds(call_s), kind)
        calls.append((kind, begin, begin + seconds(call_s)))
        now = begin + seconds(call_s)

    broadcasts = [call for call in calls if call[0] is Kind.BROADCAST]
    for (_, _, end), (_, begin, _) in itertools.pairwise(calls):
        assert begin - end >= seconds(1)
    for (_, _, end), (_, begin, _) in itertools.pairwise(broadcasts):
        assert (begin - end).total_seconds() >= pacing.min_s - 1e-5
    assert all(allowed(begin, *rules) for _, begin, _ in broadcasts)
    for cap, key in ((pacing.per_hour, "%Y-%m-%d %H"), (pacing.per_day, "%Y-%m-%d")):
        keys = [begin.astimezone(JAKARTA).strftime(key) for _, begin, _ in broadcasts]
        assert cap is None or all(keys.count(one) <= cap for one in keys)
