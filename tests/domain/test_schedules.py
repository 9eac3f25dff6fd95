"""Due times on a wall clock: rhythms, clocks that jump, and rules that never fit."""

import time
from datetime import UTC, datetime

import pytest

from domain.schedules import BadRule, check, next_due, upcoming


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "after", "due"),
    [
        ({"at": "2026-12-24 09:00"}, "2026-01-01", ["2026-12-24T02:00"]),
        ({"at": "2026-12-24T09:00:00+09:00"}, "2026-01-01", ["2026-12-24T00:00"]),
        ({"at": "2026-12-24 09:00", "zone": "WIT"}, "2026-12-24T00:00", []),
        ({"cron": "0 9 * * 1"}, "2026-03-02T02:00", ["2026-03-09T02:00", "2026-03-16T02:00"]),
        ({"cron": "*/30 8-9 * * *", "zone": "WITA"}, "2026-03-02T01:00", ["2026-03-02T01:30"]),
        (
            {"rrule": "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0"},
            "2026-03-01",
            ["2026-03-27T02:00", "2026-04-24T02:00"],
        ),
        (
            {"rrule": "FREQ=WEEKLY;INTERVAL=2", "at": "2026-03-02 09:00"},
            "2026-03-02T02:00",
            ["2026-03-16T02:00", "2026-03-30T02:00"],
        ),
        (
            {"rrule": "FREQ=DAILY;COUNT=2", "at": "2026-03-02 09:00"},
            "2026-03-01",
            ["2026-03-02T02:00", "2026-03-03T02:00"],
        ),
        (
            {"rrule": "FREQ=DAILY;BYHOUR=9;UNTIL=20260303"},
            "2026-03-01T12:00",
            ["2026-03-02T02:00", "2026-03-03T02:00"],
        ),
        (
            {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=0"},
            "2026-01-01",
            ["2028-02-28T17:00"],
        ),
    ],
)
def test_is_due_when_the_wall_clock_says_so(rule, after, due):
    found = upcoming(rule, at(after), max(len(due), 1))

    assert found == [at(one) for one in due]


@pytest.mark.parametrize(
    ("rule", "after", "due"),
    [
        # 29 March 2026: Berlin's clock jumps from 02:00 to 03:00.
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("*/30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:00"]),
        ("*/30 * * * *", "2026-03-29T00:30", ["2026-03-29T01:00", "2026-03-29T01:30"]),
        # 25 October 2026: the hour from 02:00 comes twice.
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("0,30 2-3 * * *", "2026-10-25T00:00", ["2026-10-25T00:30", "2026-10-25T02:00"]),
        ("0 3 * * *", "2026-10-25T01:15", ["2026-10-25T02:00"]),
    ],
)
def test_a_clock_that_jumps_neither_drops_nor_doubles_a_time(rule, after, due):
    found = upcoming({"cron": rule, "zone": "Europe/Berlin"}, at(after), len(due))

    assert found == [at(one) for one in due]


def test_a_single_time_that_does_not_exist_is_the_next_that_does():
    rule = {"at": "2026-03-29 02:20", "zone": "Europe/Berlin"}

    assert next_due(rule, at("2026-01-01")) == at("2026-03-29T01:00")


@pytest.mark.parametrize(
    "rule",
    [
        {"cron": "0 0 30 2 *"},
        {"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "at": "2026-01-01 00:00"},
    ],
)
def test_a_day_that_never_comes_is_not_looked_for_for_ever(rule):
    started = time.monotonic()

    assert next_due(rule, at("2026-01-01")) is None
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"at": "besok"},
        {"cron": "* * * *"},
        {"cron": "99 9 * * 1"},
        {"cron": "0 9 * * SENIN"},
        {"rrule": "FREQ=SECONDLY"},
        {"rrule": "BYDAY=MO"},
        {"rrule": "FREQ=DAILY;EVERY=2"},
        {"rrule": "FREQ=DAILY;FREQ=WEEKLY"},
        {"rrule": "FREQ=DAILY;INTERVAL=0"},
        {"rrule": "FREQ=DAILY;COUNT=3"},
        {"rrule": "FREQ=DAILY;COUNT=3;UNTIL=20261231", "at": "2026-01-01"},
        {"rrule": "FREQ=DAILY;BYHOUR=24"},
        {"rrule": "FREQ=WEEKLY;BYDAY=SENIN"},
        {"rrule": "FREQ=MONTHLY;BYMONTHDAY=0"},
        {"rrule": "FREQ=DAILY;UNTIL=besok"},
    ],
)
def test_a_rule_nobody_can_follow_is_refused(rule):
    with pytest.raises(BadRule):
        check(rule)
