"""Links that share their visitors among several numbers: checked, kept, and counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from domain.phone import PhoneKind, Refusal, parse
from domain.windows import WindowError, windows
from domain.zones import zone_of
from services.accounts import repository as accounts
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound
from services.kit.ports import Flows
from services.rotators import first_message, repository
from services.rotators.models import LinkRotator
from services.rotators.schemas import (
    DayStats,
    HourStats,
    NumberStats,
    RotatorIn,
    RotatorPatch,
    RotatorStats,
    SourceStats,
    TargetIn,
)

STATS_DAYS_MOST = 366
STATS_DAYS = 30
NEEDED = frozenset(
    {"slug", "target_numbers", "default_message", "rotation_type", "with_code", "is_active"}
)
"""What may be changed but not taken away."""


def rotators(
    session: Session, tenant_id: int, after: int | None, limit: int
) -> Sequence[LinkRotator]:
    return repository.rotators(session, tenant_id, after, limit)


def get(session: Session, tenant_id: int, rotator_id: int) -> LinkRotator:
    """Raises: NotFound."""
    found = repository.rotator(session, tenant_id, rotator_id)
    if found is None:
        raise NotFound("There is no such link.")
    return found


def create(
    session: Session, flows: Flows, tenant_id: int, given: RotatorIn, now: datetime
) -> LinkRotator:
    """Raises: Conflict for a name that is taken on this server, Invalid with every problem."""
    values = given.model_dump(exclude={"flow_id", "target_numbers"})
    row = LinkRotator(tenant_id=tenant_id, created_at=now, updated_at=now, **values)
    row.target_numbers = [target.model_dump() for target in given.target_numbers]
    _set_flow(session, flows, row, given.flow_id)
    _check(session, row)
    if repository.slug_is_taken(session, row.slug):
        raise _taken(row.slug)
    session.add(row)
    _flush(session, row.slug)
    return row


def change(
    session: Session,
    flows: Flows,
    tenant_id: int,
    rotator_id: int,
    given: RotatorPatch,
    now: datetime,
) -> LinkRotator:
    """Change what was sent. Raises: NotFound, Conflict, Invalid with every problem."""
    row = get(session, tenant_id, rotator_id)
    values = given.model_dump(exclude_unset=True)
    missing = sorted(name for name, value in values.items() if value is None and name in NEEDED)
    if missing:
        raise Invalid(
            "A link needs these values.",
            problems=[FieldProblem(name, "This can't be empty.") for name in missing],
        )
    if "flow_id" in values:
        _set_flow(session, flows, row, values.pop("flow_id"))
    slug = values.get("slug", row.slug)
    if slug != row.slug and repository.slug_is_taken(session, slug, but=row.id):
        raise _taken(slug)
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = now
    _check(session, row)
    _flush(session, slug)
    return row


def delete(session: Session, tenant_id: int, rotator_id: int) -> None:
    """The link and its clicks are gone; its address shows that there is nothing."""
    session.delete(get(session, tenant_id, rotator_id))
    session.flush()


def stats(
    session: Session,
    tenant_id: int,
    rotator_id: int,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> RotatorStats:
    """What the clicks of a stretch add up to; the last 30 days when none is given.

    Raises: NotFound, Invalid for a stretch that ends before it begins or lasts over a year.
    """
    row = get(session, tenant_id, rotator_id)
    until = until or now
    since = since or until - timedelta(days=STATS_DAYS)
    if not timedelta(0) < until - since <= timedelta(days=STATS_DAYS_MOST):
        raise Invalid(
            "This is no stretch of time.",
            hint=f"`until` comes after `since`, at most {STATS_DAYS_MOST} days later.",
        )
    zone = zone_of(accounts.tenant(session, tenant_id).zone)
    offset = until.astimezone(zone).utcoffset() or timedelta(0)
    sums = repository.clicks(session, tenant_id, row.id, since, until, offset)
    labels = {str(target["phone"]): str(target.get("label") or "") for target in row.target_numbers}
    by_day: dict[str, int] = {}
    by_hour = [0] * 24
    for hour, clicks in sums.hours:
        by_day[hour[:10]] = by_day.get(hour[:10], 0) + clicks
        by_hour[int(hour[11:13])] += clicks
    return RotatorStats(
        since=since,
        until=until,
        clicks=sums.clicks,
        visitors=sums.visitors,
        chats=sums.chats,
        previews=sums.previews,
        numbers=[
            NumberStats(phone=phone, label=labels.get(phone, ""), clicks=clicks, chats=chats)
            for phone, clicks, chats in sums.numbers
        ],
        sources=[
            SourceStats(source=source, clicks=clicks, chats=chats)
            for source, clicks, chats in sums.sources
        ],
        days=[DayStats(day=day, clicks=clicks) for day, clicks in by_day.items()],
        hours=[HourStats(hour=hour, clicks=clicks) for hour, clicks in enumerate(by_hour)],
    )


def _check(session: Session, row: LinkRotator) -> None:
    """Puts phones into digits. Raises: Invalid with every problem of the link."""
    problems: list[FieldProblem] = []
    targets = [TargetIn.model_validate(target).model_dump() for target in row.target_numbers]
    if not targets and row.flow_version_id is None:
        problems.append(
            FieldProblem("target_numbers", "A link needs a number.", "Add one, or choose a flow.")
        )
    if targets and not any(target["weight"] for target in targets):
        problems.append(
            FieldProblem("target_numbers", "Every weight is 0.", "Give one number a weight.")
        )
    names = repository.device_names(session, row.tenant_id)
    for place, target in enumerate(targets):
        problems += _of_target(f"target_numbers.{place}", target, names, targets[:place])
    row.target_numbers = targets
    if row.fallback_phone:
        row.fallback_phone = _digits("fallback_phone", row.fallback_phone, problems)
    problems += first_message.problems(row.default_message)
    if problems:
        raise Invalid("The link can't be saved like this.", problems=problems)


def _of_target(
    field: str, target: dict[str, Any], devices: frozenset[str], before: Sequence[Mapping[str, Any]]
) -> list[FieldProblem]:
    found: list[FieldProblem] = []
    target["phone"] = _digits(f"{field}.phone", target["phone"], found)
    if any(other["phone"] == target["phone"] for other in before):
        found.append(
            FieldProblem(f"{field}.phone", "This number comes twice.", "Raise its weight instead.")
        )
    if target["device"] is not None and target["device"] not in devices:
        found.append(
            FieldProblem(f"{field}.device", "There is no such device.", "Choose one of yours.")
        )
    if target["hours"] is not None:
        try:
            windows(target["hours"])
        except WindowError as problem:
            found.append(FieldProblem(f"{field}.hours", str(problem)))
    return found


def _digits(field: str, written: str, problems: list[FieldProblem]) -> str:
    """The number in digits; only ASCII digits ever get into an address."""
    found = parse(written)
    if isinstance(found, Refusal):
        problems.append(FieldProblem(field, "This is no phone number.", found.hint))
        return written
    if found.kind is PhoneKind.LID or not (found.digits.isascii() and found.digits.isdecimal()):
        problems.append(
            FieldProblem(field, "No address leads to this.", "Give a phone number, not a LID.")
        )
        return written
    return found.digits


def _set_flow(session: Session, flows: Flows, row: LinkRotator, flow_id: int | None) -> None:
    """Raises: Invalid when it is no published flow of the kind for links."""
    if flow_id is None:
        row.flow_version_id = None
        return
    found = flows.published(session, row.tenant_id, flow_id)
    if found is None or found.kind != "rotator":
        raise Invalid(
            "This flow can't answer a link.",
            problems=[
                FieldProblem(
                    "flow_id", "It is no published flow of the kind rotator.", "Publish it first."
                )
            ],
        )
    row.flow_version_id = found.version_id


def _flush(session: Session, slug: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:  # somebody took it in the same moment
        raise _taken(slug) from error


def _taken(slug: str) -> Conflict:
    return Conflict(
        f"There is a link '{slug}' on this server already.",
        code="slug_taken",
        hint="Choose another name; addresses are shared by all accounts.",
    )
