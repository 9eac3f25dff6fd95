"""Who a selection means: tags, numbers, everyone; counted, and read in chunks by id."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, func, insert, literal, select

from services.contacts.models import Contact, ContactTag, ContactTagLink

contacts: Table = Contact.__table__  # type: ignore[assignment]
tags: Table = ContactTag.__table__  # type: ignore[assignment]
links: Table = ContactTagLink.__table__  # type: ignore[assignment]

Selector = Mapping[str, Any]
DEFAULT_COLOR = "#3B82F6"


class UnknownSelection(ValueError):
    """A selection asks for something that does not exist."""


def count(connection: Connection, tenant_id: int, selector: Selector) -> int:
    """How many people a selector means now."""
    return int(
        connection.execute(
            select(func.count()).select_from(contacts).where(*_where(tenant_id, selector))
        ).scalar_one()
    )


def chunk(
    connection: Connection, tenant_id: int, selector: Selector, after_id: int, limit: int
) -> Sequence[Row[Any, Any]]:
    """The next (id, phone) of a selection, by id."""
    return connection.execute(
        select(contacts.c.id, contacts.c.phone)
        .where(*_where(tenant_id, selector), contacts.c.id > after_id)
        .order_by(contacts.c.id)
        .limit(limit)
    ).all()


def _where(tenant_id: int, selector: Selector) -> list[ColumnElement[bool]]:
    if selector.get("segment"):
        raise UnknownSelection(f"there is no segment {selector['segment']!r}")
    where: list[ColumnElement[bool]] = [
        contacts.c.tenant_id == tenant_id,
        contacts.c.is_active.is_(True),
        contacts.c.phone.is_not(None),
    ]
    if selector.get("phones"):
        where.append(contacts.c.phone.in_(list(selector["phones"])))
    if selector.get("tags_any"):
        where.append(contacts.c.id.in_(_tagged(tenant_id, selector["tags_any"])))
    for name in selector.get("tags_all") or ():
        where.append(contacts.c.id.in_(_tagged(tenant_id, [name])))
    if selector.get("tags_none"):
        where.append(contacts.c.id.not_in(_tagged(tenant_id, selector["tags_none"])))
    return where


def _tagged(tenant_id: int, names: Iterable[str]) -> Any:
    return (
        select(links.c.contact_id)
        .join(tags, tags.c.id == links.c.tag_id)
        .where(tags.c.tenant_id == tenant_id, tags.c.name.in_(list(names)))
    )


def tag_everybody(connection: Connection, tenant_id: int, name: str, now: datetime) -> None:
    """Give one tag to every contact of the tenant that lacks it."""
    tag_id = tag_ids(connection, tenant_id, [name], now, create=[name])[name]
    has_it = select(links.c.contact_id).where(links.c.tag_id == tag_id)
    connection.execute(
        insert(links).from_select(
            ["contact_id", "tag_id"],
            select(contacts.c.id, literal(tag_id)).where(
                contacts.c.tenant_id == tenant_id, contacts.c.id.not_in(has_it)
            ),
        )
    )


def tags_of(connection: Connection, contact_ids: Sequence[int]) -> dict[int, list[str]]:
    """The tag names of these contacts."""
    found: dict[int, list[str]] = {}
    if not contact_ids:
        return found
    rows = connection.execute(
        select(links.c.contact_id, tags.c.name)
        .join(tags, tags.c.id == links.c.tag_id)
        .where(links.c.contact_id.in_(contact_ids))
        .order_by(tags.c.name)
    )
    for row in rows:
        found.setdefault(row.contact_id, []).append(row.name)
    return found


def tag_ids(
    connection: Connection,
    tenant_id: int,
    names: Iterable[str],
    now: datetime,
    *,
    create: Iterable[str] = (),
) -> dict[str, int]:
    """Ids of tags by name; those in `create` are made when they are missing."""
    wanted = list(dict.fromkeys(names))
    known = _known(connection, tenant_id, wanted)
    missing = [name for name in dict.fromkeys(create) if name not in known]
    if missing:
        connection.execute(
            insert(tags),
            [
                {"tenant_id": tenant_id, "name": name, "color": DEFAULT_COLOR, "created_at": now}
                for name in missing
            ],
        )
        known = _known(connection, tenant_id, wanted)
    return known


def _known(connection: Connection, tenant_id: int, names: Sequence[str]) -> dict[str, int]:
    if not names:
        return {}
    rows = connection.execute(
        select(tags.c.id, tags.c.name).where(tags.c.tenant_id == tenant_id, tags.c.name.in_(names))
    )
    return {row.name: row.id for row in rows}
