"""Keyword rules: checked, kept, switched on and off, and tried on a message."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.normalise import plain
from domain.text import parse, seeded
from services.accounts import repository as accounts
from services.auto_replies import checks, repository
from services.auto_replies.models import AutoReply
from services.auto_replies.rules import Found, RuleBooks
from services.contacts import repository as contacts
from services.kit.errors import FieldProblem, Invalid, NotFound
from services.media import repository as media
from services.media.models import MediaFile

MEDIA = "media:"


def listed(
    session: Session,
    tenant_id: int,
    search: str | None,
    is_active: bool | None,
    after: int | None,
    limit: int,
) -> Sequence[AutoReply]:
    """Newest first."""
    return repository.listed(session, tenant_id, search, is_active, after, limit)


def get(session: Session, tenant_id: int, rule_id: int) -> AutoReply:
    found = repository.one(session, tenant_id, rule_id)
    if found is None:
        raise NotFound("There is no such rule.")
    return found


def create(session: Session, tenant_id: int, given: Mapping[str, Any], now: datetime) -> AutoReply:
    """Raises: Invalid with everything that is wrong."""
    row = AutoReply(tenant_id=tenant_id, created_at=now, updated_at=now, media_type=None, **given)
    _check(session, row, is_new_media=row.media_url is not None)
    session.add(row)
    _saved(session, tenant_id)
    return row


def change(
    session: Session, tenant_id: int, rule_id: int, given: Mapping[str, Any], now: datetime
) -> AutoReply:
    """Change what is given. Raises: NotFound, Invalid."""
    row = get(session, tenant_id, rule_id)
    with session.no_autoflush:
        for name, value in given.items():
            setattr(row, name, value)
        row.updated_at = now
        _check(session, row, is_new_media="media_url" in given)
    _saved(session, tenant_id)
    return row


def toggle(
    session: Session, tenant_id: int, rule_id: int, active: bool | None, now: datetime
) -> AutoReply:
    """Switch a rule on or off; None turns it round."""
    row = get(session, tenant_id, rule_id)
    row.is_active = not row.is_active if active is None else active
    row.updated_at = now
    _saved(session, tenant_id)
    return row


def delete(session: Session, tenant_id: int, rule_id: int) -> None:
    session.delete(get(session, tenant_id, rule_id))
    _saved(session, tenant_id)


def try_out(
    session: Session,
    books: RuleBooks,
    tenant_id: int,
    text: str,
    device: str | None,
    contact_id: int | None,
    now: datetime,
) -> tuple[Found, str, str | None]:
    """(the rulings, the message as rules read it, an example of the first answer)."""
    fields: dict[str, Any] = {}
    if contact_id is not None:
        person = contacts.contact(session, tenant_id, contact_id)
        if person is None:
            raise NotFound("There is no such contact.")
        fields = {**(person.fields or {}), "nama": person.name, "name": person.name}
    zone = accounts.tenant(session, tenant_id).zone
    found = books.applying(session.connection(), tenant_id, text, contact_id, device, now, zone)
    return found, plain(text), _example(found, fields)


def _example(found: Found, fields: Mapping[str, Any]) -> str | None:
    if not found.applied or not found.applied[0].reply:
        return None
    first = found.applied[0]
    return parse(first.reply).render(fields, seeded("try", str(first.id)))


def _check(session: Session, row: AutoReply, *, is_new_media: bool) -> None:
    devices = repository.device_names(session, row.tenant_id)
    found = checks.problems(row, devices)
    found += checks.of_counts(row, *repository.counts(session, row.tenant_id, row.id))
    if is_new_media:
        found += _set_media(session, row)
    if found:
        raise Invalid("The rule can't be saved like this.", problems=found)


def _set_media(session: Session, row: AutoReply) -> list[FieldProblem]:
    """Name the file as the store does; it is given by its id, its name or `media:<name>`."""
    row.media_type = None
    if row.media_url is None:
        return []
    wanted = row.media_url.removeprefix(MEDIA)
    known = media.named(session.connection(), row.tenant_id, wanted)
    if known is None:
        hint = "Take it in at /api/media first, and give its id or name."
        return [FieldProblem("media_url", "There is no such file in the media library.", hint)]
    named = MediaFile(name=known.name, mimetype=known.mimetype)
    row.media_url, row.media_type = named.reference, named.kind
    return []


def _saved(session: Session, tenant_id: int) -> None:
    session.flush()
    repository.changed(session.connection(), tenant_id)
