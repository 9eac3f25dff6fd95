import pytest
from pydantic import ValidationError

from nodes.contract import Go
from nodes.triggers.schedule import Schedule, schedule
from tests.nodes.world import context


def test_hands_on_the_time_it_was_meant_for():
    ctx = context(scope={"trigger": {"fired_at": "2026-11-23T02:00:00Z", "id": 3}})

    assert schedule(Schedule(cron="0 9 * * 1"), ctx) == Go(
        "next", {"fired_at": "2026-11-23T02:00:00Z"}
    )


def test_reads_short_names_of_zones():
    assert Schedule(at="2026-12-24 09:00", zone="wita").zone == "Asia/Makassar"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "either a date and time, or a repeat"),
        ({"at": "2026-12-24", "cron": "0 9 * * 1"}, "either a date and time, or a repeat"),
        ({"at": "besok"}, "write it like 2026-12-24 09:00"),
        ({"cron": "tiap senin"}, "five fields"),
        ({"cron": "0 9 * * 1 0"}, "five fields"),
        ({"cron": "99 9 * * 1"}, "five fields"),
        ({"at": "2026-12-24", "zone": "Bandung"}, "no time zone is called 'Bandung'"),
        ({"at": "2026-12-24", "max_late": "lama"}, "is no duration"),
    ],
)
def test_refuses_a_schedule_that_never_comes(form, message):
    with pytest.raises(ValidationError, match=message):
        Schedule(**form)
