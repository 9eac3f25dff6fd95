"""/auto-replies: keyword rules, and what they say to a message."""

from typing import Annotated, Any

from fastapi import Query

from services.auto_replies import service
from services.auto_replies.models import AutoReply
from services.auto_replies.rules import shared_books
from services.auto_replies.schemas import (
    RuleIn,
    RuleOut,
    RulePage,
    RulePatch,
    RulingOut,
    ScheduleIn,
    ToggleIn,
    TrialIn,
    TrialOut,
)
from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, PageAsked, ReadDb, Router

router = Router(prefix="/auto-replies", tags=["auto-replies"])


@router.get("", dependencies=[ANYBODY])
def list_rules(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    search: Annotated[str | None, Query(max_length=100)] = None,
    active: Annotated[bool | None, Query()] = None,
) -> RulePage:
    """The account's rules, newest first. They are looked at by priority, the largest first."""
    found = service.listed(session, member.tenant_id, search, active, page.after, page.limit)
    return RulePage(
        items=[RuleOut.model_validate(one) for one in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post("", dependencies=[MANAGERS], status_code=201, response_model=RuleOut)
def create(given: RuleIn, member: CurrentMember, app: App, session: Db) -> AutoReply:
    """A new rule; it answers from the next message on. 422 with each thing that is wrong."""
    values = _values(given)
    return service.create(session, member.tenant_id, values, app.clock.now())


@router.post("/test", dependencies=[ANYBODY])
def try_out(given: TrialIn, member: CurrentMember, app: App, session: ReadDb) -> TrialOut:
    """Which rules would answer a message, which others match, and why those keep quiet."""
    found, read_as, example = service.try_out(
        session,
        shared_books(app.database, app.clock),
        member.tenant_id,
        given.text,
        given.device,
        given.contact_id,
        given.at or app.clock.now(),
    )
    return TrialOut(
        read_as=read_as,
        example=example,
        applied=[RulingOut.model_validate(one) for one in found.applied],
        matched_too=[RulingOut.model_validate(one) for one in found.matched_too],
    )


@router.patch("/{rule_id}", dependencies=[MANAGERS], response_model=RuleOut)
def change(
    rule_id: int, given: RulePatch, member: CurrentMember, app: App, session: Db
) -> AutoReply:
    """Change what is sent."""
    values = _values(given, only_sent=True)
    return service.change(session, member.tenant_id, rule_id, values, app.clock.now())


@router.patch("/{rule_id}/toggle", dependencies=[MANAGERS], response_model=RuleOut)
def toggle(
    rule_id: int,
    member: CurrentMember,
    app: App,
    session: Db,
    given: ToggleIn | None = None,
) -> AutoReply:
    """Switch a rule on or off."""
    active = None if given is None else given.active
    return service.toggle(session, member.tenant_id, rule_id, active, app.clock.now())


@router.delete("/{rule_id}", dependencies=[MANAGERS], status_code=204)
def delete(rule_id: int, member: CurrentMember, session: Db) -> None:
    """The rule is gone, and when it was used."""
    service.delete(session, member.tenant_id, rule_id)


def _values(given: RuleIn | RulePatch, *, only_sent: bool = False) -> dict[str, Any]:
    values = given.model_dump(exclude_unset=only_sent)
    if isinstance(given.schedule, ScheduleIn) and "schedule" in values:
        values["schedule"] = given.schedule.model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
    return {name: getattr(value, "value", value) for name, value in values.items()}
