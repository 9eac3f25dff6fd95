"""Queries of keyword rules, their versions, and when they were last used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, literal_column, select, update
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.orm import Session

from services.auto_replies.models import AutoReply, AutoReplyBook, AutoReplyUse
from services.devices.models import Device
from services.kit.insert_once import InsertOnce
from services.kit.statements import Hot

rules: Table = AutoReply.__table__  # type: ignore[assignment]
books: Table = AutoReplyBook.__table__  # type: ignore[assignment]
uses: Table = AutoReplyUse.__table__  # type: ignore[assignment]

_VERSION = Hot(select(books.c.version).where(books.c.tenant_id == bindparam("tenant")))
_ACTIVE = Hot(
    select(rules)
    .where(rules.c.tenant_id == bindparam("tenant"), rules.c.is_active.is_(True))
    .order_by(rules.c.priority.desc(), rules.c.id)
)
_USES = Hot(
    select(uses.c.rule_id, uses.c.used_at).where(
        uses.c.rule_id.in_(bindparam("rules", expanding=True)),
        uses.c.contact_id == bindparam("contact"),
    )
)
_STANDING = Hot(select(rules.c.id).where(rules.c.id.in_(bindparam("rules", expanding=True))))
_ONCE_MORE = uses.c.times + literal_column("1")
_USED_SQLITE = sqlite.insert(uses)
_USED_MYSQL = mysql.insert(uses)
_USED = {
    True: Hot(
        _USED_SQLITE.on_conflict_do_update(
            index_elements=["rule_id", "contact_id"],
            set_={"used_at": _USED_SQLITE.excluded.used_at, "times": _ONCE_MORE},
        )
    ),
    False: Hot(
        _USED_MYSQL.on_duplicate_key_update(used_at=_USED_MYSQL.inserted.used_at, times=_ONCE_MORE)
    ),
}
_FIRST_VERSION = InsertOnce(books, ["tenant_id"])


# Of a message


def version(connection: Connection, tenant_id: int) -> int:
    """The newest state of the tenant's rules; 0 while it never had any."""
    return int(_VERSION.scalar(connection, {"tenant": tenant_id}) or 0)


def active(connection: Connection, tenant_id: int) -> Sequence[Any]:
    """The rules that are switched on, in the order in which they are looked at."""
    return _ACTIVE.all(connection, {"tenant": tenant_id})


def used_at(
    connection: Connection, rule_ids: Sequence[int], contact_id: int
) -> Mapping[int, datetime]:
    """When these rules last answered this person."""
    if not rule_ids:
        return {}
    found = _USES.all(connection, {"rules": rule_ids, "contact": contact_id})
    return {row.rule_id: row.used_at for row in found}


def note_use(
    connection: Connection, rule_ids: Sequence[int], contact_id: int, now: datetime
) -> None:
    """These rules answered this person; one that was deleted meanwhile is passed over."""
    if not rule_ids:
        return
    standing = _STANDING.scalars(connection, {"rules": rule_ids})
    is_sqlite = connection.dialect.name == "sqlite"
    _USED[is_sqlite].many(
        connection,
        [
            {"rule_id": rule_id, "contact_id": contact_id, "used_at": now, "times": 1}
            for rule_id in sorted(standing)
        ],
    )


# Of people who write rules


def listed(
    session: Session,
    tenant_id: int,
    search: str | None,
    is_active: bool | None,
    after: int | None,
    limit: int,
) -> Sequence[AutoReply]:
    """Newest first, from below the id `after`; `search` stands in a name or first keyword."""
    query = select(AutoReply).where(AutoReply.tenant_id == tenant_id)
    if is_active is not None:
        query = query.where(AutoReply.is_active.is_(is_active))
    if search:
        query = query.where(
            AutoReply.keyword.icontains(search, autoescape=True)
            | AutoReply.name.icontains(search, autoescape=True)
        )
    if after is not None:
        query = query.where(AutoReply.id < after)
    return session.scalars(query.order_by(AutoReply.id.desc()).limit(limit)).all()


def one(session: Session, tenant_id: int, rule_id: int) -> AutoReply | None:
    return session.scalar(
        select(AutoReply).where(AutoReply.tenant_id == tenant_id, AutoReply.id == rule_id)
    )


def counts(session: Session, tenant_id: int, but: int | None) -> tuple[int, int]:
    """(rules, rules with a pattern) of the tenant, one left out."""
    mine = [AutoReply.tenant_id == tenant_id, AutoReply.id != (but or 0)]
    everything = session.scalar(select(func.count()).where(*mine)) or 0
    patterns = session.scalar(select(func.count()).where(*mine, AutoReply.match_type == "REGEX"))
    return everything, patterns or 0


def device_names(session: Session, tenant_id: int) -> frozenset[str]:
    return frozenset(
        session.scalars(
            select(Device.session_name).where(
                Device.tenant_id == tenant_id, Device.deleted_at.is_(None)
            )
        )
    )


def changed(connection: Connection, tenant_id: int) -> None:
    """A rule of the tenant is another now: whoever compiled the rules compiles them again."""
    _FIRST_VERSION.many(connection, [{"tenant_id": tenant_id, "version": 0}])
    connection.execute(
        update(books).where(books.c.tenant_id == tenant_id).values(version=books.c.version + 1)
    )
