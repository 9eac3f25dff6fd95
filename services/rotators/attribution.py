"""Which click a chat began with: the code in its first message says so."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from domain.click_codes import find
from services.rotators.clicks import repository

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
    for number, (code, rest) in enumerate(find(text)):
        if number == CODES_LOOKED_UP:
            break
        click = repository.by_code(connection, tenant_id, code)
        if click is not None:
            return Matched(code, rest, click)
    return None


def convert(connection: Connection, click: Row[Any], contact_id: int, now: datetime) -> bool:
    """Note who wrote, and save on the contact where that person came from.

    The first click stays: what the contact knows already is not overwritten. False when the code
    was used before, by a forwarded message or by the same person.
    """
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
