"""Codes that were heard before their click was in the database, kept for a day.

A click waits in a journal for a moment, and for longer while the database is away; its visitor may
have written by then. Whoever wrote a code first gets its click.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from services.kit.insert_once import InsertOnce
from services.kit.statements import Hot
from services.rotators.models import HeardCode, LinkRotator, RotatorClick

KEPT = timedelta(days=1)
SWEPT_AT_ONCE = 500

heard = HeardCode.__table__
clicks = RotatorClick.__table__
rotators = LinkRotator.__table__

_NOTE = InsertOnce(heard, ("tenant_id", "code"))  # type: ignore[arg-type]
_FIRST = Hot(
    select(heard.c.contact_id).where(
        heard.c.tenant_id == bindparam("tenant_id"), heard.c.code == bindparam("code")
    )
)
_MATCHES = (
    select(clicks, rotators.c.slug, heard.c.contact_id.label("heard_from"), heard.c.heard_at)
    .join(heard, (heard.c.code == clicks.c.code) & (heard.c.tenant_id == clicks.c.tenant_id))
    .join(rotators, rotators.c.id == clicks.c.rotator_id)
    .where(clicks.c.converted_at.is_(None))
    .order_by(heard.c.id)
)
_OF_CODES = Hot(
    select(heard.c.id).where(heard.c.code.in_(bindparam("codes", expanding=True))).limit(1)
)


def note(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note {tenant_id, code, contact_id, heard_at} of each; who was first stays."""
    _NOTE.many(connection, sorted(rows, key=lambda row: (row["tenant_id"], row["code"])))


def first(connection: Connection, tenant_id: int, code: str) -> int | None:
    """The contact who wrote this code before its click was known."""
    found: int | None = _FIRST.scalar(connection, {"tenant_id": tenant_id, "code": code})
    return found


def matches(connection: Connection, codes: Sequence[str] | None = None) -> list[Any]:
    """Clicks that nobody has yet and somebody wrote for, with `heard_from` and `heard_at`.

    `codes`: only those; None: any, some hundreds at most.
    """
    if codes is None:
        return list(connection.execute(_MATCHES.limit(SWEPT_AT_ONCE)).all())
    if not codes or not _OF_CODES.scalars(connection, {"codes": list(codes)}):
        return []
    return list(connection.execute(_MATCHES.where(clicks.c.code.in_(codes))).all())


def forget(connection: Connection, now: datetime) -> None:
    """Let go of what was noted long ago."""
    connection.execute(delete(HeardCode).where(HeardCode.heard_at < now - KEPT))


def has_old(connection: Connection, now: datetime) -> bool:
    """Whether there is something to let go of."""
    return (
        connection.execute(select(heard.c.id).where(heard.c.heard_at < now - KEPT).limit(1)).first()
        is not None
    )
