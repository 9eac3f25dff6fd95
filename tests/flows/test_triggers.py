"""Trigger rows follow what is published: kept, made and gone with the document's entries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from flows.models import Flow, FlowVersion, Schedule, Trigger
from flows.triggers import sync
from services.accounts.models import Tenant
from services.kit.db import Database

pytestmark = pytest.mark.sql
NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def document(**triggers: Any) -> dict[str, Any]:
    return {
        "flow": "alir/1",
        "kind": "webhook",
        "id": "masuk",
        "name": "Masuk",
        "params": {"type": "object", "properties": {"jam": {"type": "string"}}},
        "triggers": {
            name: {"type": kind, "with": form, "next": "done"}
            for name, (kind, form) in triggers.items()
        },
        "nodes": {"done": {"type": "stop"}},
    }


BOTH = document(
    hook=("webhook", {}),
    clock=("schedule", {"cron": {"$": "params.jam"}, "zone": "WITA", "max_late": "10m"}),
)


def publish(
    database: Database, given: dict[str, Any], params: Any = None, now: datetime = NOW, **flow: Any
) -> dict[str, Any]:
    """Bring the rows in line; every trigger by name, as values, schedules among them."""
    with database.session() as session:
        row = session.get(Flow, 1)
        if row is None:
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
            row = Flow(
                id=1,
                tenant_id=1,
                slug="masuk",
                name="Masuk",
                kind="webhook",
                source="",
                created_at=NOW,
                updated_at=NOW,
            )
            session.add(row)
            session.flush()
        for name, value in flow.items():
            setattr(row, name, value)
        version = FlowVersion(
            tenant_id=1,
            flow_id=1,
            content_hash="x",
            source="",
            document=given,
            number=1 + len(session.scalars(select(FlowVersion)).all()),
            created_at=NOW,
        )
        session.add(version)
        session.flush()
        sync(session, row, version, given, params, now)
    return rows(database)


def rows(database: Database) -> dict[str, Any]:
    with database.reading_session() as session:
        found = {row.name: row for row in session.scalars(select(Trigger))}
        by_trigger = {row.trigger_id: row for row in session.scalars(select(Schedule))}
        return {
            name: {
                "type": row.type,
                "version": row.flow_version_id,
                "params": row.params,
                "active": row.is_active,
                "token": row.token,
                "schedule": by_trigger.get(row.id),
            }
            for name, row in found.items()
        }


def test_every_entry_has_a_row_with_its_form_filled_in(any_database):
    found = publish(any_database, BOTH, {"jam": "0 9 * * *"})

    assert found["hook"]["type"] == "webhook"
    assert len(found["hook"]["token"]) >= 32
    assert found["clock"]["token"] is None
    schedule = found["clock"]["schedule"]
    assert schedule.rule == {"cron": "0 9 * * *", "zone": "Asia/Makassar"}
    assert (schedule.max_late_s, schedule.status) == (600, "ACTIVE")
    assert schedule.next_due_at == datetime(2026, 3, 3, 1, 0, tzinfo=UTC)


def test_publishing_again_keeps_the_address_and_the_next_time(any_database):
    before = publish(any_database, BOTH, {"jam": "0 9 * * *"})
    with any_database.session() as session:
        session.scalars(select(Trigger).where(Trigger.name == "hook")).one().is_on = False

    after = publish(any_database, BOTH, {"jam": "0 9 * * *"}, now=NOW + timedelta(days=3))

    assert after["hook"]["token"] == before["hook"]["token"]
    assert after["hook"]["version"] > before["hook"]["version"]
    assert after["hook"]["active"] is False
    assert after["clock"]["schedule"].next_due_at == before["clock"]["schedule"].next_due_at


def test_a_changed_rhythm_counts_from_now(any_database):
    publish(any_database, BOTH, {"jam": "0 9 * * *"})

    after = publish(any_database, BOTH, {"jam": "30 20 * * *"}, now=NOW + timedelta(days=1))

    assert after["clock"]["schedule"].next_due_at == datetime(2026, 3, 3, 12, 30, tzinfo=UTC)


def test_an_entry_that_is_gone_takes_its_row_and_its_schedule_along(any_database):
    publish(any_database, BOTH, {"jam": "0 9 * * *"})

    after = publish(any_database, document(hook=("manual", {})))

    assert {name: row["type"] for name, row in after.items()} == {"hook": "manual"}
    assert after["hook"]["token"] is None
    with any_database.reading_session() as session:
        assert session.scalars(select(Schedule)).all() == []


def test_nothing_starts_while_the_flow_is_off_or_the_form_is_not_filled_in(any_database):
    empty = publish(any_database, BOTH)
    assert (empty["clock"]["active"], empty["clock"]["schedule"]) == (False, None)
    assert empty["hook"]["active"] is True

    filled = publish(any_database, BOTH, {"jam": "0 9 * * *"}, is_active=False)
    assert [row["active"] for row in filled.values()] == [False, False]

    later = NOW + timedelta(days=10)
    again = publish(any_database, BOTH, {"jam": "0 9 * * *"}, now=later, is_active=True)
    assert again["clock"]["schedule"].next_due_at > later
