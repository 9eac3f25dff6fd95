"""Queries of links and of what their clicks add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, distinct, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from services.devices.models import Device
from services.rotators.models import LinkRotator, RotatorClick

SOURCES_MOST = 50


def rotators(
    session: Session, tenant_id: int, after: int | None, limit: int
) -> Sequence[LinkRotator]:
    """Newest first, from below the id `after`."""
    query = select(LinkRotator).where(LinkRotator.tenant_id == tenant_id)
    if after is not None:
        query = query.where(LinkRotator.id < after)
    return session.scalars(query.order_by(LinkRotator.id.desc()).limit(limit)).all()


def rotator(session: Session, tenant_id: int, rotator_id: int) -> LinkRotator | None:
    return session.scalar(
        select(LinkRotator).where(LinkRotator.tenant_id == tenant_id, LinkRotator.id == rotator_id)
    )


def slug_is_taken(session: Session, slug: str, but: int | None = None) -> bool:
    """Whether any account of this server has a link of that name: addresses are shared."""
    query = select(LinkRotator.id).where(LinkRotator.slug == slug)
    if but is not None:
        query = query.where(LinkRotator.id != but)
    return session.scalar(query) is not None


def device_names(session: Session, tenant_id: int) -> frozenset[str]:
    return frozenset(
        session.scalars(
            select(Device.session_name).where(
                Device.tenant_id == tenant_id, Device.deleted_at.is_(None)
            )
        )
    )


@dataclass(frozen=True, slots=True)
class Clicks:
    """Sums over one link's clicks."""

    clicks: int
    visitors: int
    chats: int
    previews: int
    numbers: Sequence[tuple[str, int, int]]
    sources: Sequence[tuple[str, int, int]]
    hours: Sequence[tuple[str, int]]
    """("2026-11-23 09", clicks) by local hour."""


def clicks(
    session: Session,
    tenant_id: int,
    rotator_id: int,
    since: datetime,
    until: datetime,
    offset: timedelta,
) -> Clicks:
    """What the clicks of [since, until) add up to; `offset` is the local clock's, east positive."""
    found = (
        RotatorClick.tenant_id == tenant_id,
        RotatorClick.rotator_id == rotator_id,
        RotatorClick.clicked_at >= since,
        RotatorClick.clicked_at < until,
    )
    counted = (*found, RotatorClick.is_counted)
    hour = _local_hour(session, offset)
    visit = RotatorClick.visitor.concat(func.substr(hour, 1, 10))
    chats = func.count(RotatorClick.converted_at)
    number = func.count()
    source = func.coalesce(
        RotatorClick.source["src"].as_string(), RotatorClick.source["utm_source"].as_string(), ""
    ).label("source")
    whole = session.execute(
        select(number, func.count(distinct(visit)), chats).where(*counted)
    ).one()
    previews = session.scalar(select(number).where(*found, RotatorClick.is_counted.is_(False)))
    return Clicks(
        clicks=whole[0],
        visitors=whole[1],
        chats=whole[2],
        previews=previews or 0,
        numbers=[
            (row[0], row[1], row[2])
            for row in session.execute(
                select(RotatorClick.redirected_to, number, chats)
                .where(*counted)
                .group_by(RotatorClick.redirected_to)
                .order_by(number.desc(), RotatorClick.redirected_to)
            )
        ],
        sources=[
            (row[0], row[1], row[2])
            for row in session.execute(
                select(source, number, chats)
                .where(*counted)
                .group_by(source)
                .order_by(number.desc())
                .limit(SOURCES_MOST)
            )
        ],
        hours=[
            (row[0], row[1])
            for row in session.execute(
                select(hour.label("hour"), number).where(*counted).group_by(hour).order_by(hour)
            )
        ],
    )


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _local_hour(session: Session, offset: timedelta) -> ColumnElement[str]:
    """The local hour of a click, as "2026-11-23 09"."""
    minutes = int(offset.total_seconds() // 60)
    if _is_sqlite(session):
        shift: ColumnElement[str] = literal_column(f"'{minutes:+d} minutes'")
        local = func.strftime(literal_column("'%Y-%m-%d %H'"), RotatorClick.clicked_at, shift)
        return type_coerce(local, String)
    moved = func.timestampadd(literal_column("MINUTE"), minutes, RotatorClick.clicked_at)
    return type_coerce(func.date_format(moved, literal_column("'%Y-%m-%d %H'")), String)
