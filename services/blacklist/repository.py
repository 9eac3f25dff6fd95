"""Queries of the blacklist."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.blacklist.models import Blacklisted
from services.contacts.models import Contact, ContactIdentity


def entries(
    session: Session,
    tenant_id: int,
    after: int | None,
    limit: int,
    phone_prefix: str | None,
    reason: str | None = None,
) -> Sequence[Blacklisted]:
    """Newest first, from below the id `after`."""
    query = select(Blacklisted).where(Blacklisted.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Blacklisted.id < after)
    if phone_prefix:
        query = query.where(Blacklisted.phone.startswith(phone_prefix, autoescape=True))
    if reason is not None:
        query = query.where(Blacklisted.reason == reason)
    return session.scalars(query.order_by(Blacklisted.id.desc()).limit(limit)).all()


def entries_of(session: Session, tenant_id: int, key: str) -> Sequence[Blacklisted]:
    """The entries of the person with this address, under whichever of their addresses."""
    people = (
        select(ContactIdentity.contact_id)
        .where(ContactIdentity.tenant_id == tenant_id, ContactIdentity.value == key)
        .union(select(Contact.id).where(Contact.tenant_id == tenant_id, Contact.phone == key))
        .subquery()
    )
    ids = select(people.c[0])
    others = select(ContactIdentity.value).where(
        ContactIdentity.tenant_id == tenant_id, ContactIdentity.contact_id.in_(ids)
    )
    phones = select(Contact.phone).where(
        Contact.tenant_id == tenant_id, Contact.id.in_(ids), Contact.phone.is_not(None)
    )
    return session.scalars(
        select(Blacklisted)
        .where(
            Blacklisted.tenant_id == tenant_id,
            or_(
                Blacklisted.phone == key,
                Blacklisted.phone.in_(others),
                Blacklisted.phone.in_(phones),
            ),
        )
        .order_by(Blacklisted.id)
    ).all()
