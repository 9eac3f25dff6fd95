"""Starts the flows whose time has come; any number of processes may look at once."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from domain.schedules import BadRule, next_due
from flows.engine.plan import PlanError
from flows.models import Schedule, Trigger
from runtime.models import ScheduleFire
from runtime.starts import start_run
from services.accounts.models import Tenant
from services.kit.clock import Clock
from services.kit.db import Database

schedules: Table = Schedule.__table__  # type: ignore[assignment]
triggers: Table = Trigger.__table__  # type: ignore[assignment]
fires: Table = ScheduleFire.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.schedules")

AT_ONCE = 50
SERVED = ("ACTIVE", "HELD")
"""A schedule that holds a missed time goes on with the next ones."""
LOOK_BACK = timedelta(hours=25)
"""Of many missed times only the last counts; those further back are not gone through."""
MISSED_MOST = 2_000


def fire_due(database: Database, clock: Clock) -> int:
    """Serve what is due, each in a transaction of its own; returns how many there were."""
    with database.read() as connection:
        due = connection.execute(
            select(schedules.c.id, schedules.c.next_due_at)
            .where(schedules.c.status.in_(SERVED), schedules.c.next_due_at <= clock.now())
            .order_by(schedules.c.next_due_at)
            .limit(AT_ONCE)
        ).all()
    for row in due:
        with database.write() as connection:
            _serve(connection, row.id, row.next_due_at, clock)
    return len(due)


def _serve(connection: Connection, schedule_id: int, seen: datetime, clock: Clock) -> None:
    """Start or hold what was due, and set the next time; nothing when somebody else was faster."""
    row = connection.execute(
        select(schedules, *_OF_TRIGGER)
        .join(triggers, triggers.c.id == schedules.c.trigger_id)
        .join(Tenant, Tenant.id == schedules.c.tenant_id)
        .where(schedules.c.id == schedule_id)
    ).first()
    if row is None:
        return
    now = clock.now()
    try:
        due_at = _last_due(row.rule, seen, now)
        next_at = next_due(row.rule, due_at)
    except BadRule as error:
        log.error("schedule_unreadable", schedule=row.id, error=str(error)[:300])
        due_at, next_at = seen, None
    moved = connection.execute(
        update(schedules)
        .where(
            schedules.c.id == row.id,
            schedules.c.status.in_(SERVED),
            schedules.c.next_due_at == seen,
        )
        .values(next_due_at=next_at, last_due_at=due_at, updated_at=now)
    )
    if moved.rowcount != 1:
        return
    held_at = row.held_due_at
    if row.trigger_is_active and row.tenant_is_active and _note(connection, row.id, due_at, now):
        if now - due_at > timedelta(seconds=clock.seconds(row.max_late_s)):
            log.warning("schedule_missed", schedule=row.id, due_at=due_at.isoformat())
            held_at = due_at
        elif not start(connection, row, due_at, now):
            held_at = due_at
    status = "HELD" if held_at is not None else "ACTIVE" if next_at is not None else "ENDED"
    connection.execute(
        update(schedules).where(schedules.c.id == row.id).values(status=status, held_due_at=held_at)
    )


_OF_TRIGGER = (
    triggers.c.flow_id,
    triggers.c.flow_version_id,
    triggers.c.name,
    triggers.c.is_active.label("trigger_is_active"),
    Tenant.is_active.label("tenant_is_active"),
)


def start(
    connection: Connection, row: Row[*tuple[Any, ...]], due_at: datetime, now: datetime
) -> bool:
    """Start the flow for one due time, once; False when the published flow can't run."""
    try:
        start_run(
            connection,
            tenant_id=row.tenant_id,
            flow_id=row.flow_id,
            version_id=row.flow_version_id,
            trigger_name=row.name,
            trigger_values={"fired_at": due_at.isoformat()},
            kind="schedule",
            dedupe_key=f"schedule:{row.id}:{due_at.isoformat()}",
            now=now,
        )
    except (PlanError, LookupError, ValueError) as error:
        log.error("schedule_broken", schedule=row.id, error=str(error)[:300])
        return False
    connection.execute(update(schedules).where(schedules.c.id == row.id).values(last_fired_at=now))
    return True


def _note(connection: Connection, schedule_id: int, due_at: datetime, now: datetime) -> bool:
    """Note a due time as served; False when it was: a clock put back fires nothing twice."""
    try:
        with connection.begin_nested():
            connection.execute(
                insert(fires),
                {"job": f"schedule:{schedule_id}", "due_at": due_at, "fired_at": now},
            )
    except IntegrityError:
        return False
    return True


def _last_due(rule: Any, due_at: datetime, now: datetime) -> datetime:
    """The last time at or before now: what came due several times meanwhile starts once."""
    if now - due_at > LOOK_BACK:
        nearer = next_due(rule, now - LOOK_BACK)
        if nearer is not None and nearer <= now:
            due_at = nearer
    for _ in range(MISSED_MOST):
        after = next_due(rule, due_at)
        if after is None or after > now:
            return due_at
        due_at = after
    return due_at
