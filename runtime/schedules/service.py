"""What people may do with schedules: look ahead, pause, and decide about what was missed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from domain.schedules import BadRule, upcoming
from domain.zones import UnknownZone
from flows.models import Flow, Schedule, Trigger
from flows.schedules import move_on
from runtime.schedules import fire
from runtime.starts import RING, ring_after
from services.kit.errors import Conflict, Invalid, NotFound

SHOWN_NEXT = 3
PREVIEW_MOST = 20


def page(
    session: Session, tenant_id: int, flow_id: int | None, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """Newest first, from below the id `after`."""
    query = _SHOWN.where(Schedule.tenant_id == tenant_id)
    if flow_id is not None:
        query = query.where(Trigger.flow_id == flow_id)
    if after is not None:
        query = query.where(Schedule.id < after)
    found = session.execute(query.order_by(Schedule.id.desc()).limit(limit)).all()
    return [_shown(row) for row in found]


def get(session: Session, tenant_id: int, schedule_id: int) -> dict[str, Any]:
    """Raises: NotFound."""
    row = session.execute(
        _SHOWN.where(Schedule.tenant_id == tenant_id, Schedule.id == schedule_id)
    ).first()
    if row is None:
        raise NotFound("There is no such schedule.", hint="Look at the list of schedules.")
    return _shown(row)


_SHOWN = (
    select(
        Schedule,
        Trigger.name,
        Trigger.flow_id,
        Trigger.is_active,
        Flow.name.label("flow_name"),
    )
    .join(Trigger, Trigger.id == Schedule.trigger_id)
    .join(Flow, Flow.id == Trigger.flow_id)
)


def _shown(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    schedule: Schedule = row.Schedule
    ahead: Sequence[datetime] = []
    if schedule.next_due_at is not None and schedule.status != "PAUSED":
        ahead = [
            schedule.next_due_at,
            *upcoming(schedule.rule, schedule.next_due_at, SHOWN_NEXT - 1),
        ]
    return {
        "id": schedule.id,
        "trigger_id": schedule.trigger_id,
        "trigger": row.name,
        "flow_id": row.flow_id,
        "flow_name": row.flow_name,
        "is_active": row.is_active,
        "rule": schedule.rule,
        "status": schedule.status,
        "max_late_s": schedule.max_late_s,
        "next": list(ahead),
        "held_due_at": schedule.held_due_at,
        "last_due_at": schedule.last_due_at,
        "last_fired_at": schedule.last_fired_at,
    }


def preview(rule: Mapping[str, Any], after: datetime, count: int) -> list[datetime]:
    """The next times of a rule that is not saved. Raises: Invalid."""
    try:
        return upcoming(rule, after, count)
    except (BadRule, UnknownZone) as error:
        raise Invalid(f"This schedule can't be read: {error}.", code="schedule_invalid") from error


def pause(
    session: Session, tenant_id: int, schedule_id: int, now: datetime, *, paused: bool
) -> dict[str, Any]:
    """Pause a schedule, or let it go on from now; what came due meanwhile was not missed."""
    row = _row(session, tenant_id, schedule_id)
    if paused:
        row.status = "PAUSED"
    elif row.status == "PAUSED":
        row.status = "HELD" if row.held_due_at is not None else "ACTIVE"
        move_on(row, now)
    row.updated_at = now
    session.flush()
    return get(session, tenant_id, schedule_id)


def confirm(session: Session, tenant_id: int, schedule_id: int, now: datetime) -> dict[str, Any]:
    """Start the flow for the time that was missed. Raises: NotFound, Conflict."""
    row = _held(session, tenant_id, schedule_id)
    joined = session.execute(
        select(
            Schedule.id,
            Schedule.tenant_id,
            Trigger.flow_id,
            Trigger.flow_version_id,
            Trigger.name,
            Trigger.is_active,
        )
        .join(Trigger, Trigger.id == Schedule.trigger_id)
        .where(Schedule.tenant_id == tenant_id, Schedule.id == schedule_id)
    ).one()
    if not joined.is_active:
        raise Conflict("This flow is switched off.", code="flow_off", hint="Switch it on first.")
    assert row.held_due_at is not None
    if not fire.start(session.connection(), joined, row.held_due_at, now):
        raise Conflict(
            "The published flow can't run.", code="flow_broken", hint="Mend it and publish again."
        )
    _let_go(row, now)
    ring_after(session, RING)
    session.flush()
    session.expire_all()
    return get(session, tenant_id, schedule_id)


def drop(session: Session, tenant_id: int, schedule_id: int, now: datetime) -> dict[str, Any]:
    """Let the missed time go. Raises: NotFound, Conflict."""
    _let_go(_held(session, tenant_id, schedule_id), now)
    session.flush()
    return get(session, tenant_id, schedule_id)


def _let_go(row: Schedule, now: datetime) -> None:
    row.held_due_at = None
    if row.status == "HELD":
        row.status = "ACTIVE" if row.next_due_at is not None else "ENDED"
    row.updated_at = now


def _held(session: Session, tenant_id: int, schedule_id: int) -> Schedule:
    row = _row(session, tenant_id, schedule_id)
    if row.held_due_at is None:
        raise Conflict("Nothing was missed here.", code="not_held")
    return row


def _row(session: Session, tenant_id: int, schedule_id: int) -> Schedule:
    row = session.scalar(
        select(Schedule)
        .where(Schedule.tenant_id == tenant_id, Schedule.id == schedule_id)
        .with_for_update()
    )
    if row is None:
        raise NotFound("There is no such schedule.", hint="Look at the list of schedules.")
    return row
