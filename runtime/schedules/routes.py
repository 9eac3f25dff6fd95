"""/schedules: when flows start by themselves, and what to do about times that were missed."""

from typing import Annotated

from fastapi import Query

from runtime.schedules import service
from runtime.schedules.schemas import (
    PreviewIn,
    PreviewOut,
    ScheduleOut,
    SchedulePage,
    SchedulePatch,
)
from services.kit.http import (
    ANYBODY,
    ID_MOST,
    MANAGERS,
    App,
    CurrentMember,
    Db,
    PageAsked,
    ReadDb,
    Router,
)

router = Router(prefix="/schedules", tags=["schedules"])


@router.get("", dependencies=[ANYBODY])
def list_schedules(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    flow: Annotated[int | None, Query(ge=1, le=ID_MOST)] = None,
) -> SchedulePage:
    """The tenant's schedules with their next times, newest first."""
    found = service.page(session, member.tenant_id, flow, page.after, page.limit)
    return SchedulePage(
        items=[ScheduleOut.model_validate(one) for one in found],
        next=found[-1]["id"] if len(found) == page.limit else None,
    )


@router.post("/preview", dependencies=[ANYBODY])
def preview(given: PreviewIn, app: App) -> PreviewOut:
    """The next times of a schedule that is being written."""
    rule = given.model_dump(exclude={"count"}, exclude_none=True)
    return PreviewOut(next=service.preview(rule, app.clock.now(), given.count))


@router.get("/{schedule_id}", dependencies=[ANYBODY])
def get_schedule(schedule_id: int, member: CurrentMember, session: ReadDb) -> ScheduleOut:
    """One schedule."""
    return ScheduleOut.model_validate(service.get(session, member.tenant_id, schedule_id))


@router.patch("/{schedule_id}", dependencies=[MANAGERS])
def change_schedule(
    schedule_id: int, given: SchedulePatch, member: CurrentMember, app: App, session: Db
) -> ScheduleOut:
    """Pause a schedule or let it go on; its rule is written in the flow."""
    return ScheduleOut.model_validate(
        service.pause(session, member.tenant_id, schedule_id, app.clock.now(), paused=given.paused)
    )


@router.post("/{schedule_id}/confirm", dependencies=[MANAGERS])
def confirm(schedule_id: int, member: CurrentMember, app: App, session: Db) -> ScheduleOut:
    """Start the flow now for the time that was missed."""
    return ScheduleOut.model_validate(
        service.confirm(session, member.tenant_id, schedule_id, app.clock.now())
    )


@router.post("/{schedule_id}/drop", dependencies=[MANAGERS])
def drop(schedule_id: int, member: CurrentMember, app: App, session: Db) -> ScheduleOut:
    """Let the missed time go; the next one comes as planned."""
    return ScheduleOut.model_validate(
        service.drop(session, member.tenant_id, schedule_id, app.clock.now())
    )
