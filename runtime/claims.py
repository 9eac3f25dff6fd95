"""Claims of runs: conditional updates with a token and an epoch, the same on every database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Connection,
    Row,
    Table,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from runtime.live.moved import moved
from runtime.models import FlowRun, TenantTurn
from services.kit.clock import Clock
from services.kit.db import one_of
from services.kit.statements import Hot

runs: Table = FlowRun.__table__  # type: ignore[assignment]
turns: Table = TenantTurn.__table__  # type: ignore[assignment]

CLAIM_LIMIT = 100
LEASE_S = 30.0
LEASE_FLOOR_S = 3.0
MAX_ATTEMPTS = 3
DUE = ("QUEUED", "WAITING")
TERMINAL = ("SUCCEEDED", "PARTIAL", "FAILED", "CANCELLED", "DEAD")


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """What a run is from now on. `values` are columns; written only at the epoch it was claimed."""

    run_id: int
    epoch: int
    values: Mapping[str, Any]


def lease_s(clock: Clock) -> float:
    return max(clock.seconds(LEASE_S), LEASE_FLOOR_S)


def claim_runs(
    connection: Connection,
    now: datetime,
    clock: Clock,
    queue: str = "hot",
    limit: int = CLAIM_LIMIT,
) -> Sequence[Row[Any]]:
    """Take due runs, the least recently served tenant first; the attempt is counted before work.

    A run that a dead worker left is taken alone: if it was what ended the worker, its neighbours
    are not ended with it.
    """
    tenants = _TENANTS.scalars(connection, {"now": now, "queue": queue})
    if not tenants:
        return []
    due: list[Any] = []
    share = max(limit // len(tenants), 1)
    for tenant in tenants:
        wanted = limit if len(tenants) == 1 else min(share, limit - len(due))
        if wanted <= 0:
            break
        due += _DUE_OF.all(
            connection, {"tenant": tenant, "now": now, "queue": queue, "limit": wanted}
        )
    if not due:
        return []
    ids = [row.id for row in due if not row.attempt] if not due[0].attempt else [due[0].id]
    token = uuid4().hex
    until = now + timedelta(seconds=lease_s(clock))
    taken = _TAKE.run(connection, {"ids": ids, "now": now, "token": token, "until": until})
    if len(tenants) > 1:
        _served(connection, tenants, now)
    if taken == 0:
        return []
    return _TAKEN.all(connection, {"ids": ids, "token": token})


_TENANTS = Hot(
    select(runs.c.tenant_id)
    .outerjoin(turns, turns.c.tenant_id == runs.c.tenant_id)
    .where(
        runs.c.status.in_(DUE),
        runs.c.queue == bindparam("queue"),
        runs.c.wake_at <= bindparam("now"),
    )
    .group_by(runs.c.tenant_id, turns.c.last_served_at)
    .order_by(func.coalesce(turns.c.last_served_at, literal("1970-01-01 00:00:00")))
    .limit(CLAIM_LIMIT)
)
_DUE_OF = Hot(
    select(runs.c.id, runs.c.attempt)
    .where(
        runs.c.tenant_id == bindparam("tenant"),
        runs.c.status.in_(DUE),
        runs.c.queue == bindparam("queue"),
        runs.c.wake_at <= bindparam("now"),
    )
    .order_by(runs.c.priority, runs.c.wake_at, runs.c.id)
    .limit(bindparam("limit"))
)
_TAKE = Hot(
    update(runs)
    .where(
        runs.c.id.in_(bindparam("ids", expanding=True)),
        runs.c.status.in_(DUE),
        runs.c.wake_at <= bindparam("now"),
    )
    .values(
        status=literal("RUNNING"),
        lease_token=bindparam("token"),
        lease_until=bindparam("until"),
        epoch=runs.c.epoch + 1,
        attempt=runs.c.attempt + 1,
    )
)
_TAKEN = Hot(
    select(runs)
    .where(
        runs.c.id.in_(bindparam("ids", expanding=True)), runs.c.lease_token == bindparam("token")
    )
    .order_by(runs.c.priority, runs.c.id)
)


def _served(connection: Connection, tenants: Sequence[int], now: datetime) -> None:
    known = set(
        connection.execute(
            select(turns.c.tenant_id).where(turns.c.tenant_id.in_(tenants))
        ).scalars()
    )
    connection.execute(
        update(turns).where(turns.c.tenant_id.in_(tenants)).values(last_served_at=now)
    )
    fresh = [
        {"tenant_id": tenant, "last_served_at": now} for tenant in tenants if tenant not in known
    ]
    if fresh:
        connection.execute(insert(turns), fresh)


def renew(connection: Connection, held: Mapping[int, str], until: datetime) -> None:
    """Hold claimed runs, each by its lease token, until then; what is lost stays lost."""
    if held:
        _RENEW.many(
            connection,
            [{"run": run, "token": token, "until": until} for run, token in held.items()],
        )


_RENEW = Hot(
    update(runs)
    .where(
        runs.c.id == bindparam("run"),
        runs.c.lease_token == bindparam("token"),
        runs.c.status == "RUNNING",
    )
    .values(lease_until=bindparam("until"))
)


def record_runs(connection: Connection, updates: Sequence[RunUpdate]) -> None:
    """Write the next states; a run that is no longer ours at that epoch keeps what it has."""
    if not updates:
        return
    moved(change.run_id for change in updates)
    _RECORD.many(
        connection,
        [
            {"run": change.run_id, "was_epoch": change.epoch, **_BLANK, **change.values}
            for change in updates
        ],
    )


_BLANK: dict[str, Any] = {
    "new_status": "WAITING",
    "new_reason": None,
    "new_state": None,
    "new_cursor": None,
    "new_wake_at": None,
    "new_wait_key": None,
    "new_queue": "hot",
    "new_trace": None,
    "new_counts": None,
    "new_attempt": 0,
    "new_started_at": None,
    "new_finished_at": None,
    "new_signal": None,
}
_RECORD = Hot(
    update(runs)
    .where(
        runs.c.id == bindparam("run"),
        runs.c.epoch == bindparam("was_epoch"),
        runs.c.status == "RUNNING",
    )
    .values(
        {name.removeprefix("new_"): bindparam(name) for name in _BLANK}
        | {"lease_token": None, "lease_until": None}
    )
)


def insert_new(
    connection: Connection, rows: Sequence[tuple[Any, Mapping[str, Any]]]
) -> dict[int, int]:
    """Store runs that were carried before: (run, its `new_` values); real ids by their names.

    Raises: IntegrityError when one has been started already (its dedupe key is taken).
    """
    if not rows:
        return {}
    _INSERT.many(
        connection,
        [
            {name: getattr(run, name) for name in _GIVEN}
            | {name.removeprefix("new_"): value for name, value in {**_BLANK, **values}.items()}
            | {"epoch": 0}
            for run, values in rows
        ],
    )
    found = _BY_KEY.all(
        connection,
        {
            "tenants": sorted({run.tenant_id for run, _ in rows}),
            "keys": [run.dedupe_key for run, _ in rows],
        },
    )
    ids = {(row.tenant_id, row.dedupe_key): row.id for row in found}
    moved(ids.values())
    return {run.id: ids[run.tenant_id, run.dedupe_key] for run, _ in rows}


_GIVEN = (
    *("tenant_id", "flow_id", "flow_version_id", "trigger", "dedupe_key", "mode", "kind"),
    *("seed", "identity_id", "chat_session_id", "priority", "created_at"),
)
_INSERT = Hot(insert(runs))
_BY_KEY = Hot(
    select(runs.c.id, runs.c.tenant_id, runs.c.dedupe_key).where(
        runs.c.tenant_id.in_(bindparam("tenants", expanding=True)),
        runs.c.dedupe_key.in_(bindparam("keys", expanding=True)),
    )
)


def still_ours(connection: Connection, epochs: Mapping[int, int]) -> set[int]:
    """Which of these runs are still at the epoch they were claimed at; locked until the commit."""
    found = connection.execute(_EPOCHS, {"ids": sorted(epochs)}).all() if epochs else []
    return {row.id for row in found if row.epoch == epochs[row.id]}


_EPOCHS = (
    select(runs.c.id, runs.c.epoch)
    .where(runs.c.id.in_(bindparam("ids", expanding=True)), runs.c.status == "RUNNING")
    .with_for_update()
)


def wake(connection: Connection, signals: Sequence[Mapping[str, Any]]) -> None:
    """Hand waiting runs what they wait for: rows of run, key, signal, at.

    A run that waits for something else (or has ended) is left alone.
    """
    if signals:
        _WAKE.many(connection, list(signals))


_WAKE = Hot(
    update(runs)
    .where(
        runs.c.id == bindparam("run"),
        one_of(runs.c.status, ("WAITING", "PAUSED")),
        runs.c.wait_key == bindparam("key"),
    )
    .values(signal=bindparam("what"), wake_at=bindparam("at"), wait_key=None)
)


def end_after_send(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """End runs whose last deed was the message that has just gone out: rows of run, key, at.

    Returns how many that were.
    """
    if not rows:
        return 0
    moved(row["run"] for row in rows)
    ended = _END_AFTER_SEND.many(connection, list(rows))
    parents = _PARENTS.scalars(connection, {"ids": [row["run"] for row in rows]})
    ring_parents(connection, set(parents), max(row["at"] for row in rows))
    return ended


def ring_parents(connection: Connection, parent_ids: set[int], now: datetime) -> None:
    """Let parents look at their elements soon; ends that come close together ring once."""
    if parent_ids:
        _RING_PARENTS.run(connection, {"ids": sorted(parent_ids), "soon": now + RING_WITHIN})


RING_WITHIN = timedelta(seconds=0.1)
_PARENTS = Hot(
    select(runs.c.parent_id)
    .where(runs.c.id.in_(bindparam("ids", expanding=True)), runs.c.parent_id.is_not(None))
    .distinct()
)
_RING_PARENTS = Hot(
    update(runs)
    .where(
        runs.c.id.in_(bindparam("ids", expanding=True)),
        runs.c.status == "WAITING",
        or_(runs.c.wake_at.is_(None), runs.c.wake_at > bindparam("soon")),
    )
    .values(wake_at=bindparam("soon"))
)

_END_AFTER_SEND = Hot(
    update(runs)
    .where(
        runs.c.id == bindparam("run"),
        runs.c.status == "WAITING",
        runs.c.wait_key == bindparam("key"),
    )
    .values(status=literal("SUCCEEDED"), wait_key=None, wake_at=None, finished_at=bindparam("at"))
)


def reap(connection: Connection, now: datetime) -> list[Any]:
    """Give runs of dead workers back; a run that killed three of them is DEAD, its input kept.

    One reaper for every kind of run; a compare-and-set, so that an ended run is never touched.
    Returns the runs that are DEAD now.
    """
    lost = _LOST.all(connection, {"now": now})
    moved(row.id for row in lost)
    dead = [row for row in lost if row.attempt >= MAX_ATTEMPTS]
    back = [row for row in lost if row.attempt < MAX_ATTEMPTS]
    if back:
        _BACK.many(connection, [{"run": row.id, "was_epoch": row.epoch, "at": now} for row in back])
    if dead:
        _BURY.many(connection, [{"run": row.id, "was_epoch": row.epoch, "at": now} for row in dead])
        ring_parents(connection, {row.parent_id for row in dead if row.parent_id}, now)
    return dead


_LOST = Hot(
    select(
        runs.c.id,
        runs.c.epoch,
        runs.c.attempt,
        runs.c.campaign_id,
        runs.c.campaign_log_id,
        runs.c.parent_id,
    )
    .where(runs.c.status == "RUNNING", runs.c.lease_until <= bindparam("now"))
    .limit(1000)
)
_OURS = (
    (runs.c.id == bindparam("run"))
    & (runs.c.epoch == bindparam("was_epoch"))
    & (runs.c.status == "RUNNING")
)
_BACK = Hot(
    update(runs)
    .where(_OURS)
    .values(status=literal("QUEUED"), wake_at=bindparam("at"), lease_token=None, lease_until=None)
)
_BURY = Hot(
    update(runs)
    .where(_OURS)
    .values(
        status=literal("DEAD"),
        reason="the run ended its worker three times",
        finished_at=bindparam("at"),
        lease_token=None,
        lease_until=None,
    )
)


def next_wake_at(connection: Connection, queue: str = "hot") -> datetime | None:
    """When the next run is due."""
    found: datetime | None = _NEXT.scalar(connection, {"queue": queue})
    return found


_NEXT = Hot(
    select(func.min(runs.c.wake_at)).where(
        runs.c.status.in_(DUE), runs.c.queue == bindparam("queue")
    )
)
