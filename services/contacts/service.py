"""Contacts and tags: find them, write them down, change and delete them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.phone import Phone, Refusal, parse, search_prefix
from services.contacts import audience, events, repository
from services.contacts.importer import NAME_CHARS, person_key
from services.contacts.models import Contact, ContactTag, Import, ImportRejection
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with its tags."""

    contact: Contact
    tags: Sequence[str]


def list_contacts(
    session: Session,
    tenant_id: int,
    after: int | None,
    limit: int,
    search: str | None,
    tag: str | None,
) -> list[Person]:
    """Newest first. `search` is the beginning of a name or of a number as people type it."""
    found = repository.list_contacts(
        session,
        tenant_id,
        after,
        limit,
        name_prefix=search or None,
        phone_prefix=search_prefix(search) if search else None,
        tag=tag,
    )
    return _people(session, found)


def get(session: Session, tenant_id: int, contact_id: int) -> Person:
    return _people(session, [_mine(session, tenant_id, contact_id)])[0]


def create(
    session: Session,
    tenant_id: int,
    phone: str,
    name: str,
    tags: Sequence[str],
    fields: Mapping[str, Any],
    now: datetime,
) -> Person:
    """Raises: Invalid for what is no number, Conflict for a person who is known already."""
    key, is_lid = person_key(_phone(phone))
    connection = session.connection()
    known = repository.known_people(
        connection, tenant_id, [] if is_lid else [key], [key] if is_lid else []
    )
    if known:
        raise Conflict(
            "There is a contact with this number already.",
            code="contact_exists",
            hint="Open it and change what you need.",
        )
    ids = repository.add_people(
        connection, tenant_id, [(key, is_lid, name[:NAME_CHARS], fields)], "manual", now
    )
    events.tell(session, tenant_id, ids[key], events.CREATED, now)
    if tags:
        _set_tags(session, tenant_id, ids[key], tags, now)
    return get(session, tenant_id, ids[key])


def update(
    session: Session,
    tenant_id: int,
    contact_id: int,
    changes: Mapping[str, Any],
    now: datetime,
) -> Person:
    """Change what is named: name, zone, is_active, tags (all of them), fields (single ones)."""
    contact = _mine(session, tenant_id, contact_id)
    for name in ("name", "zone", "is_active"):
        if name in changes:
            setattr(contact, name, changes[name])
    if "fields" in changes:
        merged = {**contact.fields, **changes["fields"]}
        contact.fields = {name: value for name, value in merged.items() if value is not None}
    contact.updated_at = now
    session.flush()
    if set(changes) - {"tags"}:
        events.tell(session, tenant_id, contact_id, events.UPDATED, now)
    if "tags" in changes:
        _set_tags(session, tenant_id, contact_id, changes["tags"], now)
    return get(session, tenant_id, contact_id)


def delete(session: Session, tenant_id: int, contact_id: int) -> None:
    """Raises: Conflict while a campaign still has to reach this person."""
    _mine(session, tenant_id, contact_id)
    if repository.is_in_campaign(session, tenant_id, contact_id):
        raise Conflict(
            "A running campaign still has to reach this contact.",
            code="contact_in_campaign",
            hint="Put the number on the blacklist, or wait until the campaign is done.",
        )
    repository.delete_contact(session, tenant_id, contact_id)


def list_tags(session: Session, tenant_id: int) -> Sequence[tuple[ContactTag, int]]:
    return repository.list_tags(session, tenant_id)


def create_tag(
    session: Session, tenant_id: int, name: str, color: str | None, now: datetime
) -> ContactTag:
    if repository.tag_by_name(session, tenant_id, name) is not None:
        raise Conflict(f"There is a tag '{name}' already.", code="tag_exists")
    tag = ContactTag(
        tenant_id=tenant_id, name=name, color=color or audience.DEFAULT_COLOR, created_at=now
    )
    session.add(tag)
    session.flush()
    return tag


def get_import(session: Session, tenant_id: int, import_id: int) -> Import:
    found = repository.get_import(session, tenant_id, import_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


def rejected_rows(
    session: Session, tenant_id: int, import_id: int, after_row: int, limit: int
) -> Sequence[ImportRejection]:
    get_import(session, tenant_id, import_id)
    return repository.rejected_rows(session, tenant_id, import_id, after_row, limit)


def _mine(session: Session, tenant_id: int, contact_id: int) -> Contact:
    contact = repository.contact(session, tenant_id, contact_id)
    if contact is None:
        raise NotFound("There is no such contact.")
    return contact


def _people(session: Session, found: Sequence[Contact]) -> list[Person]:
    tags = audience.tags_of(session.connection(), [contact.id for contact in found])
    return [Person(contact, tags.get(contact.id, ())) for contact in found]


def _set_tags(
    session: Session, tenant_id: int, contact_id: int, names: Sequence[str], now: datetime
) -> None:
    wanted = [name.strip() for name in names if name.strip()]
    connection = session.connection()
    before = audience.tags_of(connection, [contact_id]).get(contact_id, ())
    ids = repository.tag_ids(connection, tenant_id, list(dict.fromkeys(wanted)), now)
    repository.set_tags(connection, contact_id, ids.values())
    after = audience.tags_of(connection, [contact_id]).get(contact_id, ())
    events.tell_tags(session, tenant_id, contact_id, before, after, now)


def _phone(raw: str) -> Phone:
    found = parse(raw)
    if isinstance(found, Refusal):
        raise Invalid(
            "This is no phone number.",
            code=f"phone_{found.reason.value}",
            hint=found.hint,
            problems=[FieldProblem("phone", "This is no phone number.", found.hint)],
        )
    return found
