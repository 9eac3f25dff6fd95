"""/api/schedules: the next times, pauses, and what to do about missed ones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from flows.models import Schedule
from runtime.claims import runs
from runtime.schedules.fire import fire_due
from services.kit.clock import Clock
from tests.runtime.runs.flows import SLOW, publish

MONDAY = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
WEEKLY: dict[str, Any] = {
    **SLOW,
    "kind": "schedule",
    "id": "mingguan",
    "name": "Mingguan",
    "triggers": {"jam": {"type": "schedule", "with": {"cron": "0 9 * * 1"}, "next": "rest"}},
}


class Wall:
    def __init__(self) -> None:
        self.at = datetime.now(UTC)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def world(make_world, wall):
    return make_world(clock=Clock(now=lambda: wall.at))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def only(api) -> Any:
    return api.get("/api/schedules").json()["items"][0]


def miss(world, shop, wall) -> datetime:
    """A schedule whose last time was missed by two hours; that time."""
    publish(shop, WEEKLY)
    with world.database.read() as connection:
        due_at: datetime = connection.execute(select(Schedule.next_due_at)).scalar_one()
    wall.at = due_at + timedelta(hours=2)
    fire_due(world.database, world.clock)
    return due_at


def test_schedules_show_their_next_times(world, api, shop):
    flow = publish(shop, WEEKLY)

    found = only(api)

    assert (found["flow_id"], found["trigger"], found["status"]) == (flow, "jam", "ACTIVE")
    assert found["rule"] == {"cron": "0 9 * * 1", "zone": "Asia/Jakarta"}
    times = [moment(one) for one in found["next"]]
    assert len(times) == 3
    assert [later - first for first, later in pairwise(times)] == [timedelta(days=7)] * 2
    assert {(one.isoweekday(), one.hour) for one in times} == {(1, 2)}
    assert api.get(f"/api/schedules/{found['id']}").json() == found
    assert api.get("/api/schedules", params={"flow": flow + 1}).json()["items"] == []


def test_a_paused_schedule_misses_nothing_it_did_not_want(world, api, shop, wall):
    publish(shop, WEEKLY)
    found = only(api)

    paused = api.patch(f"/api/schedules/{found['id']}", json={"paused": True}).json()
    assert (paused["status"], paused["next"]) == ("PAUSED", [])
    wall.at = wall.at + timedelta(days=30)
    assert fire_due(world.database, world.clock) == 0

    again = api.patch(f"/api/schedules/{found['id']}", json={"paused": False}).json()
    assert again["status"] == "ACTIVE"
    assert moment(again["next"][0]) > wall.at


def test_a_missed_time_starts_when_a_person_confirms_it(world, api, shop, wall):
    due_at = miss(world, shop, wall)
    held = only(api)
    assert (held["status"], moment(held["held_due_at"])) == ("HELD", due_at)

    told = api.post(f"/api/schedules/{held['id']}/confirm").json()

    assert (told["status"], told["held_due_at"]) == ("ACTIVE", None)
    assert world.doorbell.rung == ["runtime.advance"]
    with world.database.read() as connection:
        state = connection.execute(select(runs.c.state)).scalar_one()
    assert moment(state["trigger"]["fired_at"]) == due_at
    again = api.post(f"/api/schedules/{held['id']}/confirm")
    assert (again.status_code, again.json()["code"]) == (409, "not_held")


def test_a_missed_time_can_be_let_go(world, api, shop, wall):
    miss(world, shop, wall)

    told = api.post(f"/api/schedules/{only(api)['id']}/drop").json()

    assert (told["status"], told["held_due_at"]) == ("ACTIVE", None)
    with world.database.read() as connection:
        assert connection.execute(select(runs.c.id)).all() == []


def test_a_schedule_is_shown_before_it_is_saved(api, wall):
    answer = api.post(
        "/api/schedules/preview",
        json={"rrule": "FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "zone": "WITA", "count": 2},
    )

    assert answer.status_code == 200, answer.text
    assert [moment(one).hour for one in answer.json()["next"]] == [1, 1]
    for wrong in (
        {},
        {"cron": "tiap jam"},
        {"cron": "* * * * *", "zone": "Bandung"},
        {"cron": "* * * * *", "count": 21},
        {"rrule": "FREQ=SECONDLY"},
    ):
        assert api.post("/api/schedules/preview", json=wrong).status_code == 422, wrong


def test_who_may_not_see_or_change_a_schedule(world, api, other, anonymous, shop):
    publish(shop, WEEKLY)
    path = f"/api/schedules/{only(api)['id']}"

    assert anonymous.get(path).status_code == 401
    assert other.get(path).status_code == 404
    assert other.patch(path, json={"paused": True}).status_code == 404
    assert other.post(f"{path}/confirm").status_code == 404
    assert other.post(f"{path}/drop").status_code == 404
    assert world.client(role="agent").patch(path, json={"paused": True}).status_code == 403
    assert other.get("/api/schedules").json()["items"] == []
