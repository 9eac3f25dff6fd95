"""Queries of the blacklist."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.blacklist.models import Blacklisted


def entries(
    session: Session, tenant_id: int, after: int | None, limit: int, phone_prefix: str | None
) -> Sequence[Blacklisted]:
    """Newest first, from below the id `after`."""
    query = select(Blacklisted).where(Blacklisted.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Blacklisted.id < after)
    if phone_prefix:
        query = query.where(Blacklisted.phone.startswith(phone_prefix, autoescape=True))
    return session.scalars(query.order_by(Blacklisted.id.desc()).limit(limit)).all()


def entry(session: Session, tenant_id: int, phone: str) -> Blacklisted | None:
    return session.scalar(
        select(Blacklisted).where(Blacklisted.tenant_id == tenant_id, Blacklisted.phone == phone)
    )
