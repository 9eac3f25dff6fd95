from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError, Wait
from nodes.timing.wait_until import WaitUntil, wait_until
from tests.nodes.world import SARI, World, context


def until(day, hour, minute=0):
    return Wait(datetime(2026, 11, day, hour, minute, tzinfo=UTC))


@pytest.mark.parametrize(
    ("form", "answer"),
    [  # it is Monday the 23rd, 02:30 UTC = 09:30 WIB
        ({"at": "2026-11-24 09:00"}, until(24, 2)),
        ({"at": "2026-11-24T09:00+00:00"}, until(24, 9)),
        ({"at": "2026-11-23"}, Go("ok")),
        ({"at": "2026-11-24 09:00", "zone": "WIT"}, until(24, 0)),
        ({"time": "10:00"}, until(23, 3)),
        ({"time": "9.30"}, Go("ok")),
        ({"time": "09:00"}, until(24, 2)),
        ({"time": "09:00", "at": "2026-11-25 12:00"}, until(26, 2)),
        ({"hours": {"mon-fri": ["08:00-17:00"]}}, Go("ok")),
        ({"hours": {"mon-fri": ["13:00-17:00"]}}, until(23, 6)),
        ({"hours": {"tue": ["08:00-10:00"]}}, until(24, 1)),
        ({"quiet": "20:00-10:15"}, until(23, 3, 15)),
        ({"quiet": "20:00-08:00"}, Go("ok")),
        ({"time": "21:00", "quiet": "20:00-08:00"}, until(24, 1)),
        ({"time": "11:00", "zone": "contact"}, until(24, 2)),
    ],
)
def test_goes_on_at_the_first_moment_that_meets_all_conditions(form, answer):
    scope = {"item": {"contact": {**SARI, "province": "Papua"}}}

    assert wait_until(WaitUntil(**form), context(scope=scope)) == answer


def test_reads_times_on_the_shops_own_clock():
    world = World(shop={"zone": "WITA"})

    assert wait_until(WaitUntil(time="11:00"), context(world)) == until(23, 3)


@pytest.mark.parametrize(("at", "code"), [("besok", "bad_at"), ("2028-01-01", "too_far")])
def test_refuses_a_moment_it_cannot_wait_for(at, code):
    with pytest.raises(NodeError) as refused:
        wait_until(WaitUntil(at=at), context())

    assert refused.value.code == code


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"time": "25:00"},
        {"hours": {"funday": ["08:00-17:00"]}},
        {"hours": {"mon": ["17:00-17:00"]}},
        {"quiet": "malam"},
        {"time": "09:00", "zone": "Bandung"},
    ],
)
def test_refuses_conditions_that_can_never_be_met(form):
    with pytest.raises(ValidationError):
        WaitUntil(**form)
