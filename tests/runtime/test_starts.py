"""A start makes one run that is due, once per dedupe key."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from flows.models import Flow, FlowVersion
from runtime.claims import runs
from runtime.starts import start_run
from services.accounts.models import Tenant
from services.kit.db import Database

pytestmark = pytest.mark.sql
NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
DOCUMENT = {
    "flow": "alir/1",
    "kind": "webhook",
    "id": "masuk",
    "name": "Masuk",
    "params": {"type": "object", "required": ["kata"], "properties": {"kata": {"type": "string"}}},
    "triggers": {
        "hook": {"type": "webhook", "next": "done"},
        "both": {"type": "manual", "next": ["one", "done"]},
    },
    "nodes": {
        "done": {"type": "stop"},
        "one": {"type": "set-variables", "with": {"values": {"x": {"$": "params.kata"}}}},
    },
}


@pytest.fixture
def database(any_database: Database) -> Database:
    with any_database.write() as connection:
        connection.execute(
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
        connection.execute(
            insert(Flow),
            {
                "id": 1,
                "tenant_id": 1,
                "slug": "masuk",
                "name": "M",
                "kind": "webhook",
                "source": "",
                "created_at": NOW,
                "updated_at": NOW,
            },
        )
        connection.execute(
            insert(FlowVersion),
            {
                "id": 7,
                "tenant_id": 1,
                "flow_id": 1,
                "number": 1,
                "content_hash": "x",
                "source": "",
                "document": DOCUMENT,
                "params": {"kata": "halo"},
                "created_at": NOW,
            },
        )
    return any_database


def start(database: Database, **changes: Any) -> int | None:
    with database.write() as connection:
        return start_run(
            connection,
            **{
                "tenant_id": 1,
                "flow_id": 1,
                "version_id": 7,
                "trigger_name": "hook",
                "trigger_values": {"body": {"a": 1}},
                "kind": "webhook",
                "priority": 20,
                "now": NOW,
                **changes,
            },
        )


def test_a_run_is_queued_with_the_event_that_started_it(database):
    run_id = start(database, dedupe_key="k", chat_session_id=3, contact_id=4, seed="s")

    with database.read() as connection:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    assert (row.status, row.wake_at, row.queue, row.attempt) == ("QUEUED", NOW, "hot", 0)
    assert (row.flow_id, row.flow_version_id, row.kind) == (1, 7, "webhook")
    assert (row.chat_session_id, row.identity_id, row.seed) == (3, 4, "s")
    assert row.state == {"at": "done", "trigger_id": "hook", "trigger": {"body": {"a": 1}}}


def test_the_same_dedupe_key_starts_one_run_and_leaves_the_transaction_usable(database):
    first = start(database, dedupe_key="k")

    with database.write() as connection:
        again = start_run(
            connection,
            tenant_id=1,
            flow_id=1,
            version_id=7,
            trigger_name="hook",
            trigger_values={},
            kind="webhook",
            priority=20,
            dedupe_key="k",
            now=NOW,
        )
        other = start_run(
            connection,
            tenant_id=1,
            flow_id=1,
            version_id=7,
            trigger_name="hook",
            trigger_values={},
            kind="webhook",
            priority=20,
            dedupe_key="l",
            now=NOW,
        )

    assert again is None
    assert first is not None
    assert other is not None
    with database.read() as connection:
        assert len(connection.execute(select(runs.c.id)).all()) == 2


def test_an_entry_that_forks_begins_with_its_branches(database):
    run_id = start(database, trigger_name="both")

    with database.read() as connection:
        state = connection.execute(select(runs.c.state).where(runs.c.id == run_id)).scalar_one()
    assert state["branch"] == ["both", "one", "done"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"trigger_name": "nobody"}, ValueError),
        ({"version_id": 8}, LookupError),
        ({"tenant_id": 2}, LookupError),
    ],
)
def test_what_cannot_start_says_so_and_writes_nothing(database, changes, error):
    with pytest.raises(error):
        start(database, **changes)

    with database.read() as connection:
        assert connection.execute(select(runs.c.id)).all() == []
