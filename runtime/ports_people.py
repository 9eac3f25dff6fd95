"""What flows change about people: their tags, what is known of them, and whether we may write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from nodes.contract import Values
from services.blacklist.models import Blacklisted
from services.contacts import audience, events, identities
from services.contacts.models import Contact, ContactTagLink
from services.kit.insert_once import InsertOnce

contacts: Table = Contact.__table__  # type: ignore[assignment]
links: Table = ContactTagLink.__table__  # type: ignore[assignment]
blacklist: Table = Blacklisted.__table__  # type: ignore[assignment]

SOURCE = "flow"


def save(
    tenant_id: int,
    phone: str,
    name: str | None,
    fields: Mapping[str, Any],
    connection: Connection,
    now: datetime,
) -> None:
    """Make this person a saved contact, or fill in name and fields of the one there is."""
    known = identities.known(connection, tenant_id, [phone])
    is_new = phone not in known
    contact_id = known[phone] if not is_new else _welcome(connection, tenant_id, phone, now)
    mine = (contacts.c.tenant_id == tenant_id) & (contacts.c.id == contact_id)
    row = connection.execute(
        select(contacts.c.name, contacts.c.metadata.label("fields"), contacts.c.is_saved)
        .where(mine)
        .with_for_update()
    ).one()
    values: dict[str, Any] = {"metadata": _merged(row.fields, fields), "updated_at": now}
    if name:
        values["name"] = name
    if is_new or not row.is_saved:
        values |= {"is_saved": True, **({"source": SOURCE} if is_new else {})}
    connection.execute(update(contacts).where(mine).values(**values))


def as_it_will_be(
    found: Values | None, phone: str, name: str | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The contact as flows see it after `save`."""
    before = found or {"id": None, "phone": phone, "name": None, "tags": [], "fields": {}}
    return {
        **before,
        "name": name or before.get("name"),
        "fields": _merged(before.get("fields"), fields),
    }


def _merged(before: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**(before or {}), **fields}
    return {field: value for field, value in merged.items() if value is not None}


def tag(
    tenant_id: int,
    phone: str,
    add: Sequence[str],
    remove: Sequence[str],
    connection: Connection,
    now: datetime,
) -> None:
    """Give and take tags; somebody unknown becomes a contact when there is a tag to give."""
    known = identities.known(connection, tenant_id, [phone])
    if phone not in known:
        if not add:
            return
        save(tenant_id, phone, None, {}, connection, now)
        known = identities.known(connection, tenant_id, [phone])
    contact_id = known[phone]
    ids = audience.tag_ids(connection, tenant_id, [*add, *remove], now, create=add)
    before = audience.tags_of(connection, [contact_id]).get(contact_id, ())
    if remove:
        gone = [ids[name] for name in remove if name in ids]
        connection.execute(
            delete(links).where(links.c.contact_id == contact_id, links.c.tag_id.in_(gone))
        )
    has = set(
        connection.execute(select(links.c.tag_id).where(links.c.contact_id == contact_id)).scalars()
    )
    fresh = [{"contact_id": contact_id, "tag_id": ids[name]} for name in dict.fromkeys(add)]
    fresh = [link for link in fresh if link["tag_id"] not in has]
    if fresh:
        connection.execute(insert(links), fresh)
    after = audience.tags_of(connection, [contact_id]).get(contact_id, ())
    events.tell_tags(connection, tenant_id, contact_id, before, after, now)


def block(tenant_id: int, phone: str, reason: str, connection: Connection, now: datetime) -> None:
    """Put somebody on the blacklist; who stands there already stays as it is."""
    row = {
        "tenant_id": tenant_id,
        "phone": phone,
        "reason": reason,
        "source_message": None,
        "created_at": now,
    }
    _BLOCK.many(connection, [row])


_BLOCK = InsertOnce(blacklist, ["tenant_id", "phone"])


def _welcome(connection: Connection, tenant_id: int, phone: str, now: datetime) -> int:
    settled = identities.settle(connection, tenant_id, [identities.person_of(phone)], now)
    return settled.ids[phone]
