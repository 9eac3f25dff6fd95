"""Writing clicks, each once, and finding the one that a message speaks of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from services.contacts.models import Contact
from services.kit.statements import Hot
from services.rotators.clicks.click import REFERER_CHARS, USER_AGENT_CHARS, Click
from services.rotators.models import LinkRotator, RotatorClick

AT_ONCE = 500
"""Clicks looked up and written in one go; a caller brings no more."""

clicks = RotatorClick.__table__
rotators = LinkRotator.__table__
contacts = Contact.__table__

_WRITTEN = Hot(
    select(clicks.c.journal, func.max(clicks.c.journal_offset).label("last"))
    .where(clicks.c.journal.in_(bindparam("journals", expanding=True)))
    .group_by(clicks.c.journal)
)
_THERE = Hot(
    select(rotators.c.id, rotators.c.tenant_id).where(
        rotators.c.id.in_(bindparam("ids", expanding=True))
    )
)
_CODES = Hot(select(clicks.c.code).where(clicks.c.code.in_(bindparam("codes", expanding=True))))
_ADD = Hot(insert(RotatorClick))
_COUNT = Hot(
    update(LinkRotator)
    .where(LinkRotator.id == bindparam("at"))
    .values(click_count=LinkRotator.click_count + bindparam("more"))
)


def add(connection: Connection, given: Sequence[Click]) -> int:
    """Write those that are not written yet, and count them; how many there were.

    Clicks of links that are gone are let go. A code that is taken already (one in a hundred
    million) is left out: its click counts, but matches no chat.
    """
    if not given:
        return 0
    written = {
        row.journal: row.last
        for row in _WRITTEN.all(
            connection, {"journals": sorted({click.journal for click in given})}
        )
    }
    there = {
        (row.id, row.tenant_id)
        for row in _THERE.all(connection, {"ids": sorted({click.rotator_id for click in given})})
    }
    fresh = [
        click
        for click in given
        if click.journal_offset > written.get(click.journal, -1)
        and (click.rotator_id, click.tenant_id) in there
    ]
    if not fresh:
        return 0
    codes = [click.code for click in fresh if click.code]
    taken = set(_CODES.scalars(connection, {"codes": codes})) if codes else set()
    rows = []
    for click in fresh:
        code = click.code if click.code not in taken else None
        taken.add(code)
        rows.append(_row(click, code))
    _ADD.many(connection, rows)
    counted = Counter(click.rotator_id for click in fresh if click.is_counted)
    _COUNT.many(connection, [{"at": at, "more": more} for at, more in sorted(counted.items())])
    return len(fresh)


def _row(click: Click, code: str | None) -> dict[str, Any]:
    return {
        "tenant_id": click.tenant_id,
        "rotator_id": click.rotator_id,
        "journal": click.journal,
        "journal_offset": click.journal_offset,
        "redirected_to": click.redirected_to,
        "code": code,
        "visitor": click.visitor,
        "is_counted": click.is_counted,
        "ip_address": click.ip_address,
        "user_agent": click.user_agent and click.user_agent[:USER_AGENT_CHARS],
        "referer": click.referer and click.referer[:REFERER_CHARS],
        "source": dict(click.source),
        "contact_id": None,
        "converted_at": None,
        "clicked_at": click.clicked_at,
    }


def rotator_by_slug(connection: Connection, tenant_id: int, slug: str) -> int | None:
    """The id of the account's link with this name."""
    found: int | None = connection.execute(
        select(rotators.c.id).where(rotators.c.slug == slug, rotators.c.tenant_id == tenant_id)
    ).scalar()
    return found


def by_code(connection: Connection, tenant_id: int, code: str) -> Row[Any] | None:
    """The account's click with this code, with its link's slug."""
    return connection.execute(
        select(clicks, rotators.c.slug)
        .join(rotators, rotators.c.id == clicks.c.rotator_id)
        .where(clicks.c.code == code, clicks.c.tenant_id == tenant_id)
    ).first()


def convert(
    connection: Connection, tenant_id: int, click_id: int, contact_id: int, now: datetime
) -> bool:
    """Note who wrote; False when somebody had before."""
    return bool(
        connection.execute(
            update(RotatorClick)
            .where(
                clicks.c.id == click_id,
                clicks.c.tenant_id == tenant_id,
                clicks.c.converted_at.is_(None),
            )
            .values(contact_id=contact_id, converted_at=now)
        ).rowcount
    )


def contact(connection: Connection, tenant_id: int, contact_id: int) -> Row[Any] | None:
    return connection.execute(
        select(contacts).where(contacts.c.id == contact_id, contacts.c.tenant_id == tenant_id)
    ).first()


def save_source(
    connection: Connection,
    tenant_id: int,
    contact_id: int,
    fields: Mapping[str, Any],
    source: str | None,
    now: datetime,
) -> None:
    connection.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.tenant_id == tenant_id)
        .values(fields=dict(fields), source=source, updated_at=now)
    )
