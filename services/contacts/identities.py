"""Who somebody is: one contact, however many numbers and hidden addresses (LIDs) a person has.

Whoever writes becomes a contact nobody has saved yet. An event that tells a number and a LID of
two known contacts tells that they are one person: they become one contact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from services.blacklist.models import Blacklisted
from services.contacts.merging import Merged, merge
from services.contacts.models import Contact, ContactIdentity
from services.kit.insert_once import InsertOnce
from services.kit.statements import Hot

contacts: Table = Contact.__table__  # type: ignore[assignment]
identities: Table = ContactIdentity.__table__  # type: ignore[assignment]
blacklist: Table = Blacklisted.__table__  # type: ignore[assignment]

PHONE, LID = "phone", "lid"
SOURCE = "inbound"
NAME_CHARS = 100
_WEIGHT = {"UNSUBSCRIBE": 1, "BOUNCE": 0, "MANUAL": 2, "SPAM_REPORT": 3}
"""Of two reasons for one person the heavier one stays."""


@dataclass(frozen=True, slots=True)
class Person:
    """What an event tells of somebody: digits of the number, `<digits>@lid`, the own name."""

    phone: str | None
    lid: str | None
    name: str | None = None

    @property
    def keys(self) -> list[str]:
        return [key for key in (self.phone, self.lid) if key is not None]


@dataclass(slots=True)
class Settled:
    """Contact ids by number or LID, and which contacts became one on the way."""

    ids: dict[str, int]
    merged: list[Merged] = field(default_factory=list)


def person_of(key: str) -> Person:
    """The person behind a chat key: digits, or `<digits>@lid`."""
    return Person(None, key) if key.endswith("@lid") else Person(key, None)


def known(connection: Connection, tenant_id: int, keys: Iterable[str]) -> dict[str, int]:
    """Contact ids by number or LID, of those that are known."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = _KNOWN.all(connection, {"tenant": tenant_id, "keys": wanted})
    found = {row.value: row.contact_id for row in rows}
    phones = [key for key in wanted if key not in found and not key.endswith("@lid")]
    if phones:
        rows = _BY_PHONE.all(connection, {"tenant": tenant_id, "phones": phones})
        found.update({row.phone: row.id for row in rows})
    return found


def settle(
    connection: Connection, tenant_id: int, people: Sequence[Person], now: datetime
) -> Settled:
    """Make sure that each is one contact with all of its addresses.

    Strangers become contacts, new addresses are learnt, two contacts of one person become one.
    """
    ids = known(connection, tenant_id, (key for person in people for key in person.keys))
    strangers = {
        person.phone or person.lid: person
        for person in people
        if not any(key in ids for key in person.keys)
    }
    if strangers:
        ids |= _welcome(connection, tenant_id, list(strangers.values()), now)
    settled = Settled(ids)
    for person in people:
        _unite(connection, tenant_id, person, settled, now)
    _learn(connection, tenant_id, people, settled, now)
    return settled


def _welcome(
    connection: Connection, tenant_id: int, people: Sequence[Person], now: datetime
) -> dict[str, int]:
    """New contacts, each by its first address."""
    by_phone = [person for person in people if person.phone is not None]
    _NEW.many(connection, [_row(tenant_id, person, now) for person in by_phone])
    ids: dict[str, int] = {}
    if by_phone:
        phones = [person.phone for person in by_phone]
        rows = _BY_PHONE.all(connection, {"tenant": tenant_id, "phones": phones})
        ids = {row.phone: row.id for row in rows}
    made: dict[str, int] = {}
    for person in people:
        if person.phone is None and person.lid is not None:
            done = connection.execute(insert(contacts), _row(tenant_id, person, now))
            ids[person.lid] = made[person.lid] = int(done.inserted_primary_key[0])  # type: ignore[index]
    _NEW_ADDRESS.many(
        connection, [_address(tenant_id, contact_id, key, now) for key, contact_id in ids.items()]
    )
    if made:
        # Another worker may have welcomed the same hidden person in this moment.
        rows = _KNOWN.all(connection, {"tenant": tenant_id, "keys": sorted(made)})
        theirs = {row.value: row.contact_id for row in rows if row.contact_id != made[row.value]}
        if theirs:
            ours = [made[key] for key in theirs]
            connection.execute(delete(contacts).where(contacts.c.id.in_(ours)))
            ids |= theirs
    return ids


def _unite(
    connection: Connection, tenant_id: int, person: Person, settled: Settled, now: datetime
) -> None:
    """Make one contact of two that prove to be one person."""
    of = {settled.ids[key] for key in person.keys if key in settled.ids}
    if len(of) < 2:
        return
    done = merge(connection, tenant_id, *sorted(of), now=now)
    settled.merged.append(done)
    for key, contact_id in list(settled.ids.items()):
        if contact_id == done.gone_id:
            settled.ids[key] = done.kept_id
    _share_block(connection, tenant_id, done.kept_id, now)


def _learn(
    connection: Connection,
    tenant_id: int,
    people: Sequence[Person],
    settled: Settled,
    now: datetime,
) -> None:
    """Note the addresses that were not known yet."""
    ids = settled.ids
    fresh: dict[str, int] = {}
    for person in people:
        contact_id = next(
            found[key] for found in (ids, fresh) for key in person.keys if key in found
        )
        fresh.update(dict.fromkeys((key for key in person.keys if key not in ids), contact_id))
    if not fresh:
        return
    _NEW_ADDRESS.many(
        connection,
        [_address(tenant_id, contact_id, key, now) for key, contact_id in sorted(fresh.items())],
    )
    ids |= fresh
    for key, contact_id in fresh.items():
        if not key.endswith("@lid"):
            connection.execute(
                update(contacts)
                .where(contacts.c.id == contact_id, contacts.c.phone.is_(None))
                .values(phone=key, updated_at=now)
            )
    told = sorted({key for person in people for key in person.keys})
    blocked = connection.execute(
        select(blacklist.c.phone).where(
            blacklist.c.tenant_id == tenant_id, blacklist.c.phone.in_(told)
        )
    ).scalars()
    for contact_id in sorted({ids[key] for key in blocked}):
        _share_block(connection, tenant_id, contact_id, now)


def _share_block(connection: Connection, tenant_id: int, contact_id: int, now: datetime) -> None:
    """Who is blocked under one address is blocked under all of them."""
    keys = (
        connection.execute(
            select(identities.c.value).where(
                identities.c.tenant_id == tenant_id, identities.c.contact_id == contact_id
            )
        )
        .scalars()
        .all()
    )
    rows = connection.execute(
        select(blacklist).where(blacklist.c.tenant_id == tenant_id, blacklist.c.phone.in_(keys))
    ).all()
    if not rows:
        return
    heaviest = max(rows, key=lambda row: _WEIGHT.get(row.reason, 0))
    _BLOCK.many(
        connection,
        [
            {
                "tenant_id": tenant_id,
                "phone": key,
                "reason": heaviest.reason,
                "source_message": heaviest.source_message,
                "created_at": now,
            }
            for key in keys
        ],
    )
    connection.execute(
        update(blacklist)
        .where(blacklist.c.tenant_id == tenant_id, blacklist.c.phone.in_(keys))
        .values(reason=heaviest.reason)
    )


def _row(tenant_id: int, person: Person, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "phone": person.phone,
        "name": (person.name or "")[:NAME_CHARS] or None,
        "source": SOURCE,
        "metadata": {},
        "is_active": True,
        "is_saved": False,
        "created_at": now,
        "updated_at": now,
    }


def _address(tenant_id: int, contact_id: int, key: str, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "contact_id": contact_id,
        "kind": LID if key.endswith("@lid") else PHONE,
        "value": key,
        "created_at": now,
    }


_KNOWN = Hot(
    select(identities.c.value, identities.c.contact_id).where(
        identities.c.tenant_id == bindparam("tenant"),
        identities.c.kind.in_((PHONE, LID)),
        identities.c.value.in_(bindparam("keys", expanding=True)),
    )
)
_BY_PHONE = Hot(
    select(contacts.c.phone, contacts.c.id).where(
        contacts.c.tenant_id == bindparam("tenant"),
        contacts.c.phone.in_(bindparam("phones", expanding=True)),
    )
)
_NEW = InsertOnce(contacts, ("tenant_id", "phone"))
_NEW_ADDRESS = InsertOnce(identities, ("tenant_id", "kind", "value"))
_BLOCK = InsertOnce(blacklist, ("tenant_id", "phone"))
