"""Queries of contacts, tags and imports."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from services.campaigns.models import CampaignLog
from services.contacts import audience
from services.contacts.models import (
    Contact,
    ContactIdentity,
    ContactTag,
    ContactTagLink,
    Import,
    ImportRejection,
)

contacts: Table = Contact.__table__  # type: ignore[assignment]
identities: Table = ContactIdentity.__table__  # type: ignore[assignment]
links: Table = ContactTagLink.__table__  # type: ignore[assignment]
rejections: Table = ImportRejection.__table__  # type: ignore[assignment]

PHONE, LID = "phone", "lid"
IDS_AT_ONCE = 500


def field_names(session: Session, tenant_id: int, newest: int) -> set[str] | None:
    """The names of the contacts' own fields, from the newest ones; None without any contact."""
    rows = session.scalars(
        select(Contact.fields)
        .where(Contact.tenant_id == tenant_id)
        .order_by(Contact.id.desc())
        .limit(newest)
    ).all()
    return {name for fields in rows for name in fields or ()} if rows else None


# People, in batches


def known_people(
    connection: Connection, tenant_id: int, phones: Sequence[str], lids: Sequence[str]
) -> dict[str, Row[*tuple[Any, ...]]]:
    """Rows (id, name, fields) of the people that are known, by phone or LID."""
    found: dict[str, Row[*tuple[Any, ...]]] = {}
    if phones:
        rows = connection.execute(_KNOWN_PHONES, {"tenant": tenant_id, "keys": phones})
        found.update((row.key, row) for row in rows)
    if lids:
        rows = connection.execute(_KNOWN_LIDS, {"tenant": tenant_id, "keys": lids})
        found.update((row.key, row) for row in rows)
    return found


_KNOWN_PHONES = select(
    contacts.c.phone.label("key"),
    contacts.c.id,
    contacts.c.name,
    contacts.c.metadata.label("fields"),
).where(
    contacts.c.tenant_id == bindparam("tenant"),
    contacts.c.phone.in_(bindparam("keys", expanding=True)),
)
_KNOWN_LIDS = (
    select(
        identities.c.value.label("key"),
        contacts.c.id,
        contacts.c.name,
        contacts.c.metadata.label("fields"),
    )
    .join(contacts, contacts.c.id == identities.c.contact_id)
    .where(
        identities.c.tenant_id == bindparam("tenant"),
        identities.c.kind == LID,
        identities.c.value.in_(bindparam("keys", expanding=True)),
    )
)


def add_people(
    connection: Connection,
    tenant_id: int,
    people: Sequence[tuple[str, bool, str, Mapping[str, Any]]],
    source: str | None,
    now: datetime,
) -> dict[str, int]:
    """Write new people (phone or LID, whether it is a LID, name, fields); returns ids by key."""
    if not people:
        return {}
    plain = [person for person in people if not person[1]]
    if plain:
        connection.execute(
            insert(contacts),
            [
                _person(tenant_id, key, name, fields, source, now)
                for key, _is_lid, name, fields in plain
            ],
        )
    rows = known_people(connection, tenant_id, [key for key, *_ in plain], ())
    ids = {key: int(row.id) for key, row in rows.items()}
    for key, is_lid, name, fields in people:
        if is_lid:
            made = connection.execute(
                insert(contacts), _person(tenant_id, None, name, fields, source, now)
            )
            assert made.inserted_primary_key is not None
            ids[key] = int(made.inserted_primary_key[0])
    connection.execute(
        insert(identities),
        [
            {
                "tenant_id": tenant_id,
                "contact_id": ids[key],
                "kind": LID if is_lid else PHONE,
                "value": key,
                "created_at": now,
            }
            for key, is_lid, _name, _fields in people
        ],
    )
    return ids


def _person(
    tenant_id: int,
    phone: str | None,
    name: str,
    fields: Mapping[str, Any],
    source: str | None,
    now: datetime,
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "phone": phone,
        "name": name or None,
        "source": source,
        "metadata": dict(fields),
        "is_active": True,
        "created_at": now,
        "updated_at": now,
    }


def update_people(
    connection: Connection, tenant_id: int, changes: Sequence[Mapping[str, Any]]
) -> None:
    """Write new names and fields: rows of row_id, new_name, new_fields, now."""
    if changes:
        connection.execute(_UPDATE, [{"tenant": tenant_id, **change} for change in changes])


_UPDATE = (
    update(contacts)
    .where(contacts.c.tenant_id == bindparam("tenant"), contacts.c.id == bindparam("row_id"))
    .values(
        name=bindparam("new_name"),
        metadata=bindparam("new_fields", type_=contacts.c.metadata.type),
        updated_at=bindparam("now", type_=contacts.c.updated_at.type),
    )
)


def tag_ids(
    connection: Connection, tenant_id: int, names: Sequence[str], now: datetime
) -> dict[str, int]:
    """Ids by name as it was asked; missing tags are made.

    MySQL compares names without case, so "vip" may be answered by the tag "VIP".
    """
    found = audience.tag_ids(connection, tenant_id, names, now)
    folded = {name.casefold(): tag_id for name, tag_id in found.items()}
    missing: dict[str, str] = {}
    for name in names:
        if name not in found and name.casefold() not in folded:
            missing.setdefault(name.casefold(), name)
    if missing:
        made = audience.tag_ids(
            connection, tenant_id, list(missing.values()), now, create=list(missing.values())
        )
        folded.update((name.casefold(), tag_id) for name, tag_id in made.items())
    return {name: found.get(name, folded[name.casefold()]) for name in names}


def links_of(connection: Connection, contact_ids: Sequence[int]) -> set[tuple[int, int]]:
    """(contact, tag) of these contacts, which the caller has read with its tenant."""
    if not contact_ids:
        return set()
    rows = connection.execute(
        select(links.c.contact_id, links.c.tag_id).where(links.c.contact_id.in_(contact_ids))
    )
    return {(row.contact_id, row.tag_id) for row in rows}


def add_links(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    if pairs:
        connection.execute(
            insert(links), [{"contact_id": contact, "tag_id": tag} for contact, tag in pairs]
        )


# Imports


def add_import(session: Session, tenant_id: int, filename: str, now: datetime) -> Import:
    taken = Import(
        tenant_id=tenant_id, filename=filename, status="RUNNING", rows=0, totals={}, created_at=now
    )
    session.add(taken)
    session.flush()
    return taken


def add_rejections(
    connection: Connection, import_id: int, rows: Sequence[tuple[int, str, str]]
) -> None:
    if rows:
        connection.execute(
            insert(rejections),
            [
                {"import_id": import_id, "row": row, "reason": reason, "raw": raw}
                for row, reason, raw in rows
            ],
        )


def finish_import(
    session: Session,
    tenant_id: int,
    import_id: int,
    rows: int,
    totals: dict[str, Any],
    error: str | None,
    now: datetime,
) -> Import:
    taken = session.scalars(
        select(Import).where(Import.tenant_id == tenant_id, Import.id == import_id)
    ).one()
    taken.status = "DONE" if error is None else "FAILED"
    taken.error, taken.rows, taken.totals, taken.finished_at = error, rows, totals, now
    session.flush()
    return taken


def get_import(session: Session, tenant_id: int, import_id: int) -> Import | None:
    return session.scalar(
        select(Import).where(Import.tenant_id == tenant_id, Import.id == import_id)
    )


def rejected_rows(
    session: Session, tenant_id: int, import_id: int, after_row: int, limit: int
) -> Sequence[ImportRejection]:
    return session.scalars(
        select(ImportRejection)
        .join(Import, Import.id == ImportRejection.import_id)
        .where(
            Import.tenant_id == tenant_id,
            ImportRejection.import_id == import_id,
            ImportRejection.row > after_row,
        )
        .order_by(ImportRejection.row)
        .limit(limit)
    ).all()


# One contact


def contact(session: Session, tenant_id: int, contact_id: int) -> Contact | None:
    return session.scalar(
        select(Contact).where(Contact.tenant_id == tenant_id, Contact.id == contact_id)
    )


def list_contacts(
    session: Session,
    tenant_id: int,
    after: int | None,
    limit: int,
    *,
    name_prefix: str | None,
    phone_prefix: str | None,
    tag: str | None,
) -> Sequence[Contact]:
    """Newest first, from below the id `after`; both prefixes given: either fits."""
    query = select(Contact).where(Contact.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Contact.id < after)
    prefixes = []
    if name_prefix:
        prefixes.append(func.lower(Contact.name).startswith(name_prefix.lower(), autoescape=True))
    if phone_prefix:
        prefixes.append(Contact.phone.startswith(phone_prefix, autoescape=True))
    if prefixes:
        query = query.where(or_(*prefixes))
    if tag:
        tagged = (
            select(links.c.contact_id)
            .join(ContactTag, ContactTag.id == links.c.tag_id)
            .where(ContactTag.tenant_id == tenant_id, ContactTag.name == tag)
        )
        query = query.where(Contact.id.in_(tagged))
    return session.scalars(query.order_by(Contact.id.desc()).limit(limit)).all()


def delete_contact(session: Session, tenant_id: int, contact_id: int) -> None:
    connection = session.connection()
    connection.execute(
        delete(contacts).where(contacts.c.tenant_id == tenant_id, contacts.c.id == contact_id)
    )


def is_in_campaign(session: Session, tenant_id: int, contact_id: int) -> bool:
    """Whether a running campaign still has to reach this person."""
    found = session.scalar(
        select(literal(1))
        .where(
            CampaignLog.tenant_id == tenant_id,
            CampaignLog.contact_id == contact_id,
            CampaignLog.status.in_(("QUEUED", "SENDING")),
        )
        .limit(1)
    )
    return found is not None


def set_tags(connection: Connection, contact_id: int, tag_ids: Iterable[int]) -> None:
    """Exactly these tags, for a contact the caller has read with its tenant."""
    wanted = {(contact_id, tag_id) for tag_id in tag_ids}
    has = links_of(connection, [contact_id])
    for _contact, tag_id in has - wanted:
        connection.execute(
            delete(links).where(links.c.contact_id == contact_id, links.c.tag_id == tag_id)
        )
    add_links(connection, sorted(wanted - has))


def list_tags(session: Session, tenant_id: int) -> Sequence[tuple[ContactTag, int]]:
    """Every tag with how many contacts have it, by name."""
    counted = (
        select(links.c.tag_id, func.count().label("number"))
        .join(ContactTag, ContactTag.id == links.c.tag_id)
        .where(ContactTag.tenant_id == tenant_id)
        .group_by(links.c.tag_id)
        .subquery()
    )
    rows = session.execute(
        select(ContactTag, func.coalesce(counted.c.number, 0))
        .outerjoin(counted, counted.c.tag_id == ContactTag.id)
        .where(ContactTag.tenant_id == tenant_id)
        .order_by(ContactTag.name)
    )
    return [(tag, int(number)) for tag, number in rows]


def tag_by_name(session: Session, tenant_id: int, name: str) -> ContactTag | None:
    return session.scalar(
        select(ContactTag).where(
            ContactTag.tenant_id == tenant_id, func.lower(ContactTag.name) == name.lower()
        )
    )
