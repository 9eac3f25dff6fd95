"""The rows of schedule triggers: when each is due next."""

from datetime import datetime

from sqlalchemy.orm import Session

from domain.schedules import next_due
from flows import repository
from flows.models import Schedule, Trigger

LATE_S = 3_600
"""The longest delay after which a missed time is still served, where the document says nothing."""
SCHEDULE = "schedule"
"""Kind of the trigger."""


def follow(session: Session, trigger: Trigger, now: datetime) -> Schedule | None:
    """Give a schedule trigger its row, or bring the row in line with the trigger's form.

    A rule that stayed the same goes on as it was; a new one, and one that was switched on again,
    counts from now: what would have been due meanwhile was not missed, it was not wanted.
    """
    row = repository.schedule_of(session, trigger.tenant_id, trigger.id)
    if not trigger.is_active:
        if row is not None:
            row.next_due_at = None
            row.updated_at = now
        return row
    rule = {name: trigger.params.get(name) for name in ("at", "cron", "rrule", "zone")}
    rule = {name: value for name, value in rule.items() if value is not None}
    late_s = round(float(trigger.params.get("max_late") or LATE_S))
    if row is None:
        row = Schedule(
            tenant_id=trigger.tenant_id,
            trigger_id=trigger.id,
            rule=rule,
            status="ACTIVE",
            max_late_s=late_s,
            next_due_at=None,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        move_on(row, now)
    elif row.rule != rule or (row.next_due_at is None and row.status != "ENDED"):
        if row.status != "PAUSED":
            row.status = "ACTIVE"
        row.rule, row.held_due_at = rule, None
        move_on(row, now)
    row.max_late_s = late_s
    row.updated_at = now
    session.flush()
    return row


def move_on(row: Schedule, after: datetime) -> None:
    """Set the next time after a moment; without one the schedule has ended."""
    row.next_due_at = next_due(row.rule, after)
    if row.next_due_at is None and row.status == "ACTIVE":
        row.status = "ENDED"
