"""Which click a chat began with: the code in its first message says so."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from domain.click_codes import find
from services.kit.db import Database
from services.rotators.clicks import repository
from services.rotators.heard import repository as heard_codes

CODES_LOOKED_UP = 3
UNTOLD_SOURCES = frozenset({None, "", "inbound"})
"""Where a contact came from, when nobody said."""


class Matched(NamedTuple):
    """`text` is the message without the code, as flows and rules should read it."""

    code: str
    text: str
    click: Row[Any]


def match(connection: Connection, tenant_id: int, text: str | None) -> Matched | None:
    """The account's click whose code stands in an incoming text.

    A text without a number sign costs nothing; a code that is none of the account's is text.
    """
    if not text or "#" not in text:
        return None
    for code, rest in islice(find(text), CODES_LOOKED_UP):
        click = repository.by_code(connection, tenant_id, code)
        if click is not None:
            return Matched(code, rest, click)
    return None


def codes_in(text: str | None) -> list[str]:
    """The codes that `match` looked for."""
    if not text or "#" not in text:
        return []
    found = islice(find(text), CODES_LOOKED_UP)
    return list(dict.fromkeys(code for code, _ in found))


def note_unmatched(
    connection: Connection, said: Sequence[tuple[int, str | None, int]], now: datetime
) -> None:
    """Remember the codes in (tenant, text, contact) without a click: it may be on its way."""
    rows = [
        {"tenant_id": tenant_id, "code": code, "contact_id": contact_id, "heard_at": now}
        for tenant_id, text, contact_id in said
        for code in codes_in(text)
    ]
    if rows:
        heard_codes.note(connection, rows)


def match_late(connection: Connection, codes: Sequence[str] | None = None) -> int:
    """Give clicks to those who wrote their codes before the clicks were known; how many.

    `codes`: of clicks that were written just now; None: of all.
    """
    found = heard_codes.matches(connection, codes)
    return sum(_convert(connection, click, click.heard_from, click.heard_at) for click in found)


def sweep(database: Database, now: datetime) -> int:
    """Match what message and click, written at one moment, did not see of each other; how many.

    Also lets go of codes that were noted long ago.
    """
    with database.read() as connection:
        waits = bool(heard_codes.matches(connection))
        old = heard_codes.has_old(connection, now)
    if not (waits or old):
        return 0
    with database.write() as connection:
        matched = match_late(connection)
        heard_codes.forget(connection, now)
    return matched


def convert(connection: Connection, click: Row[Any], contact_id: int, now: datetime) -> bool:
    """Note who wrote, and save on the contact where that person came from.

    The first click stays: what the contact knows already is not overwritten. False when the code
    was used before, by a forwarded message or by the same person; who wrote it before the click
    was known was the first.
    """
    first = heard_codes.first(connection, click.tenant_id, click.code)
    if first is not None and first != contact_id:
        _convert(connection, click, first, now)
        return False
    return _convert(connection, click, contact_id, now)


def _convert(connection: Connection, click: Row[Any], contact_id: int, now: datetime) -> bool:
    if not repository.convert(connection, click.tenant_id, click.id, contact_id, now):
        return False
    row = repository.contact(connection, click.tenant_id, contact_id)
    if row is None:
        return True
    told = {"tautan": click.slug, **click.source}
    told["sumber"] = told.pop("src", None) or told.get("utm_source") or click.slug
    known = dict(row.metadata or {})
    source = f"link:{click.slug}"[:100] if row.source in UNTOLD_SOURCES else row.source
    repository.save_source(connection, click.tenant_id, contact_id, {**told, **known}, source, now)
    return True
