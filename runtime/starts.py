"""Starts a run of a published flow version: one row, once per dedupe key."""

import secrets
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Table, insert, select
from sqlalchemy.exc import IntegrityError

from flows.engine.step import begin
from flows.models import FlowVersion
from runtime.claims import runs
from runtime.live.moved import moved
from runtime.plans import Plans
from services.kit.after_commit import ring_after
from services.messages.ledger import BROADCAST, REPLY, TEST

versions: Table = FlowVersion.__table__  # type: ignore[assignment]

RING = "runtime.advance"
"""What to ring once the transaction of a start has committed (`ring_after`, or by hand)."""
PRIORITY = {"inbound": REPLY, "webhook": REPLY, "manual": TEST, "schedule": BROADCAST}
"""By kind of run; lower goes first. What is not named waits like a broadcast."""
SEED_BYTES = 16
_kept = threading.local()

__all__ = ["PRIORITY", "RING", "plans", "ring_after", "start_run"]


def start_run(
    connection: Connection,
    *,
    tenant_id: int,
    flow_id: int,
    version_id: int,
    trigger_name: str,
    trigger_values: Mapping[str, Any],
    kind: str,
    priority: int | None = None,
    dedupe_key: str | None = None,
    chat_session_id: int | None = None,
    contact_id: int | None = None,
    seed: str | None = None,
    mode: str = "live",
    now: datetime,
    inputs: Mapping[str, Any] | None = None,
    replay_of: int | None = None,
    parent_id: int | None = None,
    item_key: str | None = None,
) -> int | None:
    """The id of a run that is due now; None when a run with this dedupe key exists already.

    The run uses the version's own params. The caller rings `RING` after its commit; a ring that is
    lost costs a moment only.
    Raises: PlanError when the version no longer compiles, LookupError when it is gone, ValueError
    when it has no such trigger.
    """
    own = connection.execute(
        select(versions.c.params).where(
            versions.c.tenant_id == tenant_id, versions.c.id == version_id
        )
    ).first()
    if own is None:
        raise LookupError(f"flow version {version_id} is gone")
    plan = plans(connection).get(connection, version_id, own.params or {})
    state = begin(plan, trigger_name, trigger=trigger_values, inputs=inputs)
    return insert_run(
        connection,
        {
            "tenant_id": tenant_id,
            "flow_id": flow_id,
            "flow_version_id": version_id,
            "trigger": trigger_name,
            "kind": kind,
            "priority": PRIORITY.get(kind, BROADCAST) if priority is None else priority,
            "dedupe_key": dedupe_key,
            "chat_session_id": chat_session_id,
            "identity_id": contact_id,
            "seed": seed or secrets.token_hex(SEED_BYTES),
            "mode": mode,
            "replay_of": replay_of,
            "parent_id": parent_id,
            "item_key": item_key,
            "state": state.to_dict(),
            "wake_at": now,
            "created_at": now,
        },
    )


def insert_run(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Insert a QUEUED run; None when its dedupe key, or its place below its parent, is taken."""
    row = {"status": "QUEUED", "queue": "hot", "epoch": 0, "attempt": 0, **values}
    try:
        with connection.begin_nested():
            made = connection.execute(insert(runs), row)
    except IntegrityError:
        if row.get("dedupe_key") is None and row.get("parent_id") is None:
            raise
        return None
    run_id = int(made.inserted_primary_key[0])  # type: ignore[index]
    moved([run_id])
    return run_id


def plans(connection: Connection) -> Plans:
    """The compiled plans of this thread for the database of this connection."""
    by_engine: WeakKeyDictionary[Engine, Plans] | None = getattr(_kept, "plans", None)
    if by_engine is None:
        by_engine = _kept.plans = WeakKeyDictionary()
    return by_engine.setdefault(connection.engine, Plans())
