"""Queries of accounts. Those by e-mail, token and key come before a tenant is known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.orm import Session

from services.accounts.models import ApiKey, SignIn, Tenant, User


def user_by_email(connection: Connection, email: str) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(
            User.id,
            User.tenant_id,
            User.password_hash,
            User.is_active,
            Tenant.is_active.label("tenant_is_active"),
        )
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(User.email == email)
    ).first()


def signed_in(
    connection: Connection, user_id: int, family: str, now: datetime
) -> Row[*tuple[Any, ...]] | None:
    """The user of a sign-in that is still alive."""
    return connection.execute(
        select(User.id, User.tenant_id, User.role, User.email)
        .join(SignIn, SignIn.user_id == User.id)
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(
            User.id == user_id,
            User.is_active,
            Tenant.is_active,
            *_family(family),
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > now,
        )
        .limit(1)
    ).first()


def key_by_hash(connection: Connection, key_hash: str) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(ApiKey.id, ApiKey.tenant_id, ApiKey.role, ApiKey.last_used_at)
        .join(Tenant, Tenant.id == ApiKey.tenant_id)
        .where(ApiKey.key_hash == key_hash, ApiKey.revoked_at.is_(None), Tenant.is_active)
    ).first()


def key_used(connection: Connection, tenant_id: int, key_id: int, now: datetime) -> None:
    connection.execute(
        update(ApiKey)
        .where(ApiKey.tenant_id == tenant_id, ApiKey.id == key_id)
        .values(last_used_at=now)
    )


def add_sign_in(
    connection: Connection,
    tenant_id: int,
    user_id: int,
    sign_in_id: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    connection.execute(
        insert(SignIn),
        {
            "id": sign_in_id,
            "user_id": user_id,
            "tenant_id": tenant_id,
            "created_at": now,
            "expires_at": expires_at,
        },
    )


def take_sign_in(connection: Connection, tenant_id: int, sign_in_id: str, now: datetime) -> bool:
    """Use a refresh token up; False when it was used already, or ended."""
    taken = connection.execute(
        update(SignIn)
        .where(
            SignIn.tenant_id == tenant_id,
            SignIn.id == sign_in_id,
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > now,
        )
        .values(revoked_at=now)
    )
    return taken.rowcount == 1


def sign_in(
    connection: Connection, tenant_id: int, sign_in_id: str
) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(SignIn.revoked_at, SignIn.expires_at).where(
            SignIn.tenant_id == tenant_id, SignIn.id == sign_in_id
        )
    ).first()


def user_is_active(connection: Connection, tenant_id: int, user_id: int) -> bool:
    found = connection.execute(
        select(User.id)
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(
            User.tenant_id == tenant_id,
            User.id == user_id,
            User.is_active,
            Tenant.is_active.label("tenant_is_active"),
        )
    ).first()
    return found is not None


def end_family(connection: Connection, tenant_id: int, family: str, now: datetime) -> None:
    """End a sign-in with all its tokens."""
    connection.execute(
        update(SignIn)
        .where(SignIn.tenant_id == tenant_id, *_family(family), SignIn.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _family(family: str) -> tuple[Any, Any]:
    """The rows of a sign-in: its name, a dot, a number."""
    return (SignIn.id > f"{family}.", SignIn.id < f"{family}/")


def user(session: Session, tenant_id: int, user_id: int) -> User | None:
    return session.scalar(select(User).where(User.tenant_id == tenant_id, User.id == user_id))


def tenant(session: Session, tenant_id: int) -> Tenant:
    return session.execute(select(Tenant).where(Tenant.id == tenant_id)).scalar_one()


def email_is_taken(session: Session, email: str) -> bool:
    return session.scalar(select(User.id).where(User.email == email)) is not None


def api_keys(session: Session, tenant_id: int) -> Sequence[ApiKey]:
    return session.scalars(
        select(ApiKey).where(ApiKey.tenant_id == tenant_id).order_by(ApiKey.id.desc())
    ).all()


def api_key(session: Session, tenant_id: int, key_id: int) -> ApiKey | None:
    return session.scalar(select(ApiKey).where(ApiKey.tenant_id == tenant_id, ApiKey.id == key_id))
