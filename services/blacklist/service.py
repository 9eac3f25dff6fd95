"""The blacklist: who must not be written to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from domain.phone import Refusal, parse, search_prefix
from services.blacklist import repository
from services.blacklist.models import Blacklisted
from services.blacklist.reasons import Reason
from services.contacts.importer import person_key
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound


def entries(
    session: Session,
    tenant_id: int,
    after: int | None,
    limit: int,
    search: str | None,
    reason: Reason | None = None,
) -> Sequence[Blacklisted]:
    prefix = None
    if search:
        prefix = search_prefix(search)
        if prefix is None:
            return []
    wanted = None if reason is None else reason.value
    return repository.entries(session, tenant_id, after, limit, prefix, wanted)


def add(
    session: Session, tenant_id: int, phone: str, reason: Reason, note: str | None, now: datetime
) -> Blacklisted:
    """Raises: Invalid for what is no number, Conflict for one that is listed already."""
    key = _key(phone)
    if repository.entries_of(session, tenant_id, key):
        raise Conflict("This number is on the blacklist already.", code="already_blacklisted")
    entry = Blacklisted(
        tenant_id=tenant_id, phone=key, reason=reason.value, source_message=note, created_at=now
    )
    session.add(entry)
    session.flush()
    return entry


def remove(session: Session, tenant_id: int, phone: str) -> None:
    """Off the list under every address of the person. Raises: NotFound when there is none."""
    found = repository.entries_of(session, tenant_id, _key(phone))
    if not found:
        raise NotFound("This number is not on the blacklist.")
    for entry in found:
        session.delete(entry)
    session.flush()


def _key(phone: str) -> str:
    found = parse(phone)
    if isinstance(found, Refusal):
        raise Invalid(
            "This is no phone number.",
            code=f"phone_{found.reason.value}",
            hint=found.hint,
            problems=[FieldProblem("phone", "This is no phone number.", found.hint)],
        )
    return person_key(found)[0]
