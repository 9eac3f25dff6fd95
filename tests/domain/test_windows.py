"""Windows open and shut by the wall clock, on every day and in every zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.windows import (
    ALWAYS,
    Closed,
    Span,
    WindowError,
    Windows,
    allowed,
    closes_at,
    in_zone,
    local_midnight_after,
    next_allowed,
    why_closed,
    windows,
)
from domain.zones import UnknownZone

OFFICE = windows({"mon-fri": ["08:00-12:00", "13:00-17:00"], "sat": ["08:00-12:00"]})
NIGHT = windows(quiet="21:00-07:00")


def wib(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta"))


def in_berlin(text, fold=0):
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    return local.astimezone(UTC)


@pytest.mark.parametrize(
    ("rules", "now", "reason"),
    [
        (OFFICE, "2026-11-23T08:00", None),  # a Monday
        (OFFICE, "2026-11-23T07:59:59", Closed.OUTSIDE_HOURS),
        (OFFICE, "2026-11-23T12:00", Closed.OUTSIDE_HOURS),  # the end is outside
        (OFFICE, "2026-11-23T16:59:59", None),
        (OFFICE, "2026-11-28T13:00", Closed.OUTSIDE_HOURS),  # Saturday afternoon
        (OFFICE, "2026-11-29T09:00", Closed.OUTSIDE_HOURS),  # Sunday
        (NIGHT, "2026-11-23T20:59:59", None),
        (NIGHT, "2026-11-23T21:00", Closed.QUIET_HOURS),
        (NIGHT, "2026-11-24T02:00", Closed.QUIET_HOURS),
        (NIGHT, "2026-11-24T07:00", None),
        (windows(quiet="12:00-13:00"), "2026-11-23T12:30", Closed.QUIET_HOURS),
        (windows(holidays=[date(2026, 12, 25)]), "2026-12-25T10:00", Closed.HOLIDAY),
        (windows({"fri": ["22:00-02:00"]}), "2026-11-28T01:30", None),  # past midnight
        (windows({"fri": ["22:00-02:00"]}), "2026-11-27T01:30", Closed.OUTSIDE_HOURS),
        (windows(), "2026-11-23T03:00", None),
    ],
)
def test_a_window_says_why_it_is_shut(rules, now, reason):
    assert why_closed(wib(now), rules) is reason
    assert allowed(wib(now), rules) is (reason is None)


@pytest.mark.parametrize(
    ("rules", "now", "opens"),
    [
        (OFFICE, "2026-11-23T06:00", "2026-11-23T08:00"),
        (OFFICE, "2026-11-23T12:15", "2026-11-23T13:00"),
        (OFFICE, "2026-11-28T12:00", "2026-11-30T08:00"),  # Saturday noon to Monday
        (NIGHT, "2026-11-23T22:30", "2026-11-24T07:00"),
        (NIGHT, "2026-11-23T10:00", "2026-11-23T10:00"),
    ],
)
def test_the_next_allowed_time_is_the_next_opening(rules, now, opens):
    assert next_allowed(wib(now), rules) == wib(opens)


def test_holidays_in_a_row_are_all_skipped():
    rules = windows(
        {"all": ["08:00-17:00"]}, holidays=[date(2026, 3, 21), date(2026, 3, 22)], zone="WITA"
    )
    now = datetime(2026, 3, 20, 18, tzinfo=ZoneInfo("Asia/Makassar"))
    assert next_allowed(now, rules) == datetime(2026, 3, 23, 8, tzinfo=ZoneInfo("Asia/Makassar"))


def test_two_windows_allow_only_what_both_allow():
    papua = in_zone(NIGHT, "WIT")
    assert not allowed(wib("2026-11-23T20:00"), OFFICE, papua)
    assert next_allowed(wib("2026-11-23T04:00"), OFFICE, papua) == wib("2026-11-23T08:00")
    # 20:00 in Jakarta is 22:00 in Jayapura: quiet there
    assert why_closed(wib("2026-11-23T20:00"), windows(), papua) is Closed.QUIET_HOURS


def test_windows_that_never_overlap_have_no_next_time():
    morning, evening = windows({"all": ["06:00-07:00"]}), windows({"all": ["18:00-19:00"]})
    assert next_allowed(wib("2026-11-23T08:00"), morning, evening) is None
    assert next_allowed(wib("2026-11-23T08:00"), windows({})) is None


def test_an_open_stretch_ends_where_the_window_ends():
    assert closes_at(wib("2026-11-23T09:00"), OFFICE) == wib("2026-11-23T12:00")
    assert closes_at(wib("2026-11-23T12:30"), OFFICE) == wib("2026-11-23T12:30")
    assert closes_at(wib("2026-11-23T09:00"), NIGHT) == wib("2026-11-23T21:00")
    assert closes_at(wib("2026-11-23T09:00"), windows()) is None
    assert closes_at(wib("2026-11-23T09:00")) is None


def test_an_hour_that_spring_skips_opens_with_the_next_minute_that_exists():
    rules = windows({"all": ["02:15-04:00"]}, zone="Europe/Berlin")
    assert next_allowed(in_berlin("2026-03-29T01:00"), rules) == in_berlin("2026-03-29T03:00")
    skipped = windows({"all": ["02:15-02:45"]}, zone="Europe/Berlin")
    assert next_allowed(in_berlin("2026-03-29T01:00"), skipped) == in_berlin("2026-03-30T02:15")


def test_an_hour_that_autumn_repeats_follows_the_wall_clock_both_times():
    rules = windows({"all": ["02:30-04:00"]}, zone="Europe/Berlin")
    first, second = in_berlin("2026-10-25T02:30"), in_berlin("2026-10-25T02:30", fold=1)
    assert next_allowed(in_berlin("2026-10-25T01:00"), rules) == first
    assert closes_at(first, rules) == in_berlin("2026-10-25T02:00", fold=1)
    assert next_allowed(in_berlin("2026-10-25T02:00", fold=1), rules) == second


def test_the_next_local_day_begins_at_local_midnight():
    assert local_midnight_after(wib("2026-11-23T23:59:59"), "WIB") == wib("2026-11-24T00:00")
    assert local_midnight_after(wib("2026-11-24T00:00"), "WIB") == wib("2026-11-25T00:00")
    assert local_midnight_after(wib("2026-11-23T23:00"), "WIT") == wib("2026-11-24T22:00")


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [
        ({"mon": ["8-17-3"]}, None),
        ({"mon": ["pagi-sore"]}, None),
        ({"mon": ["08:00"]}, None),
        ({"mon": ["08:00-08:00"]}, None),
        ({"mon": ["25:00-26:00"]}, None),
        ({"mon": ["08:60-09:00"]}, None),
        ({"mon": ["24:00-01:00"]}, None),
        ({"senin": ["08:00-17:00"]}, None),
        (None, "21:00-21:00"),
        (None, "21"),
        (None, "00:00-24:00"),
    ],
)
def test_hours_nobody_can_mean_are_refused(hours, quiet):
    with pytest.raises(WindowError):
        windows(hours, quiet=quiet)


def test_a_span_is_inside_one_day_and_a_week_has_seven():
    with pytest.raises(WindowError):
        Span(600, 600)
    with pytest.raises(WindowError):
        Span(0, 1441)
    with pytest.raises(WindowError):
        Windows(weekly=ALWAYS[:6])
    with pytest.raises(UnknownZone):
        windows(zone="Asia/Bandung")


def test_spans_are_read_as_people_write_them():
    assert windows({"mon": ["8-17"]}) == windows({"mon": ["08.00–17:00"]})
    assert windows({"sat-mon": ["08:00-09:00"]}) == windows(
        {"sat": ["08:00-09:00"], "sun": ["08:00-09:00"], "mon": ["08:00-09:00"]}
    )
    assert windows({"all": ["00:00-24:00"]}).weekly == ALWAYS


ZONES = [
    "Asia/Jakarta",
    "Asia/Jayapura",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
]
SPANS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440))
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Span(*pair)),
    max_size=2,
).map(tuple)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
RULES = st.builds(
    Windows,
    weekly=st.tuples(*[SPANS] * 7),
    quiet=st.none() | st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]),
    zone=st.sampled_from(ZONES),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=3),
)
# Around the two changes of daylight saving time, where mistakes live.
NOWS = st.one_of(
    st.integers(0, 30 * 86_400).map(lambda s: datetime(2026, 3, 7, tzinfo=UTC) + timedelta(0, s)),
    st.integers(0, 33 * 86_400).map(lambda s: datetime(2026, 9, 30, tzinfo=UTC) + timedelta(0, s)),
)


@settings(max_examples=150, deadline=None)
@given(NOWS, st.lists(RULES, min_size=1, max_size=2), st.floats(0, 1))
def test_the_next_allowed_time_is_allowed_not_past_and_the_first(now, rules, share):
    opens = next_allowed(now, *rules)
    if opens is None:
        probes = [now + timedelta(minutes=7 * step) for step in range(1000)]
        assert not any(allowed(probe, *rules) for probe in probes)
        return
    assert opens >= now
    assert allowed(opens, *rules)
    if opens > now:
        assert not allowed(now + (opens - now) * min(share, 0.999), *rules)
        assert not allowed(opens - timedelta(seconds=1), *rules)
    ends = closes_at(opens, *rules)
    if ends is not None:
        assert ends > opens
        assert not allowed(ends, *rules)
        assert allowed(opens + (ends - opens) * min(share, 0.999), *rules)


@given(NOWS)
def test_quiet_hours_and_their_opposite_never_allow_the_same_moment(now):
    night = Windows(quiet=(time(21), time(7)))
    day = Windows(quiet=(time(7), time(21)))
    assert allowed(now, night) != allowed(now, day)
