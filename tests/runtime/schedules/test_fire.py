"""Due times start their flow once, whoever looks; missed ones wait for a person."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from flows.models import Flow, FlowVersion, Schedule, Trigger
from flows.triggers import sync
from runtime.claims import runs
from runtime.models import ScheduleFire
from runtime.schedules.fire import fire_due
from services.accounts.models import Tenant
from services.kit.clock import Clock
from services.kit.db import Database

pytestmark = pytest.mark.sql
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
"""A Monday, 08:30 in Jakarta."""
NINE = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "flow": "alir/1",
    "kind": "schedule",
    "id": "pagi",
    "name": "Pagi",
    "triggers": {
        "jam": {"type": "schedule", "with": {"cron": "0 9 * * *"}, "next": "done"},
    },
    "nodes": {"done": {"type": "stop"}},
}


class Wall:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW
        self.clock = Clock(now=lambda: self.at)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def database(any_database: Database) -> Database:
    with any_database.session() as session:
        session.execute(
            insert(Tenant),
            {
                "id": 1,
                "name": "T",
                "zone": "Asia/Jakarta",
                "profile": {},
                "is_active": True,
                "created_at": NOW,
            },
        )
    return any_database


def publish(database: Database, **form: Any) -> None:
    document = DOCUMENT
    if form:
        entry = {**DOCUMENT["triggers"]["jam"], "with": form}
        document = {**DOCUMENT, "triggers": {"jam": entry}}
    with database.session() as session:
        flow = Flow(
            tenant_id=1,
            slug="pagi",
            name="Pagi",
            kind="schedule",
            source="",
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(flow)
        session.flush()
        version = FlowVersion(
            tenant_id=1,
            flow_id=flow.id,
            number=1,
            content_hash="x",
            source="",
            document=document,
            created_at=NOW,
        )
        session.add(version)
        session.flush()
        sync(session, flow, version, document, {}, NOW)


def fired(database: Database) -> list[str]:
    with database.read() as connection:
        found = connection.execute(select(runs.c.state, runs.c.kind).order_by(runs.c.id)).all()
    assert {row.kind for row in found} <= {"schedule"}
    return [row.state["trigger"]["fired_at"] for row in found]


def schedule(database: Database) -> Any:
    with database.read() as connection:
        return connection.execute(select(Schedule.__table__)).one()


def test_a_flow_starts_at_its_time_and_not_before(database, wall):
    publish(database)

    assert fire_due(database, wall.clock) == 0
    wall.at = NINE
    assert fire_due(database, wall.clock) == 1

    assert fired(database) == [NINE.isoformat()]
    row = schedule(database)
    assert (row.status, row.next_due_at) == ("ACTIVE", NINE + timedelta(days=1))
    assert (row.last_due_at, row.last_fired_at) == (NINE, NINE)


def test_many_that_look_at_once_start_it_once(database, wall):
    publish(database)
    wall.at = NINE
    gate = threading.Barrier(8)

    def look(_: int) -> None:
        gate.wait()
        fire_due(database, wall.clock)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(8)))

    assert fired(database) == [NINE.isoformat()]


def test_a_clock_that_is_put_back_starts_nothing_twice(database, wall):
    publish(database)
    wall.at = NINE
    fire_due(database, wall.clock)
    with database.write() as connection:
        connection.execute(update(Schedule).values(next_due_at=NINE))

    fire_due(database, wall.clock)

    assert fired(database) == [NINE.isoformat()]
    with database.read() as connection:
        assert len(connection.execute(select(ScheduleFire.__table__)).all()) == 1


def test_a_little_late_it_still_starts(database, wall):
    publish(database)
    wall.at = NINE + timedelta(minutes=59)

    fire_due(database, wall.clock)

    assert fired(database) == [NINE.isoformat()]


def test_what_was_missed_by_more_than_its_grace_is_held_and_the_next_still_starts(database, wall):
    publish(database)
    wall.at = NINE + timedelta(minutes=61)
    fire_due(database, wall.clock)
    assert fired(database) == []
    assert (schedule(database).status, schedule(database).held_due_at) == ("HELD", NINE)

    wall.at = NINE + timedelta(days=1)
    fire_due(database, wall.clock)

    assert fired(database) == [wall.at.isoformat()]
    assert (schedule(database).status, schedule(database).held_due_at) == ("HELD", NINE)


def test_of_many_missed_times_only_the_last_counts(database, wall):
    publish(database, cron="*/5 * * * *", max_late="10m")
    wall.at = NOW + timedelta(days=9, minutes=2)

    fire_due(database, wall.clock)

    assert fired(database) == [(NOW + timedelta(days=9)).isoformat()]
    assert schedule(database).next_due_at == NOW + timedelta(days=9, minutes=5)


def test_a_single_time_ends_its_schedule(database, wall):
    publish(database, at="2026-03-02 09:00")
    wall.at = NINE

    fire_due(database, wall.clock)

    assert fired(database) == [NINE.isoformat()]
    assert (schedule(database).status, schedule(database).next_due_at) == ("ENDED", None)


@pytest.mark.parametrize("off", [Trigger, Tenant])
def test_what_is_switched_off_starts_nothing(database, wall, off):
    publish(database)
    with database.write() as connection:
        connection.execute(update(off).values(is_active=False))
    wall.at = NINE

    fire_due(database, wall.clock)

    assert fired(database) == []
    assert schedule(database).next_due_at == NINE + timedelta(days=1)


def test_a_flow_that_no_longer_compiles_is_held_and_stands_in_nobodys_way(database, wall):
    publish(database)
    broken = {**DOCUMENT, "nodes": {"done": {"type": "gone"}}}
    with database.write() as connection:
        connection.execute(update(FlowVersion).values(document=broken))
    wall.at = NINE

    fire_due(database, wall.clock)

    assert (schedule(database).status, schedule(database).held_due_at) == ("HELD", NINE)
    assert fire_due(database, wall.clock) == 0
