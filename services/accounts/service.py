"""Signing in and out, API keys, and making accounts."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from services.accounts import repository
from services.accounts.models import ApiKey, Tenant, User
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.errors import Conflict, NotFound, Unauthorized
from services.kit.security import (
    ACCESS_FOR,
    API_KEY_MARK,
    REFRESH_FOR,
    Passwords,
    Tokens,
    api_key_hash,
    new_api_key,
    plain_email,
)

KEY_USE_EVERY = timedelta(seconds=60)
"""How exactly an API key's last use is known: not every request writes."""
REFRESH_GRACE = timedelta(seconds=10)
"""A refresh token used twice within this is two tabs of one browser, not a thief."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a credential belongs to."""

    tenant_id: int
    user_id: int | None
    role: str
    email: str | None
    via: Literal["jwt", "api_key"]
    sign_in: str | None


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in_s: int


def authenticate(database: Database, clock: Clock, tokens: Tokens, credential: str) -> Identity:
    """Who this token or API key belongs to, as the database says now. Raises: Unauthorized."""
    if credential.startswith(API_KEY_MARK):
        return _by_api_key(database, clock, credential)
    claims = tokens.read(credential, "access")
    with database.read() as connection:
        row = repository.signed_in(connection, claims.user_id, claims.family, clock.now())
    if row is None or row.tenant_id != claims.tenant_id:
        raise Unauthorized("You were signed out.", code="signed_out", hint="Sign in again.")
    return Identity(row.tenant_id, row.id, row.role, row.email, "jwt", claims.family)


def _by_api_key(database: Database, clock: Clock, key: str) -> Identity:
    now = clock.now()
    with database.read() as connection:
        row = repository.key_by_hash(connection, api_key_hash(key))
    if row is None:
        raise Unauthorized(
            "The API key is not valid.", code="api_key_invalid", hint="Make a new one in Settings."
        )
    if row.last_used_at is None or now - row.last_used_at >= KEY_USE_EVERY:
        with database.write() as connection:
            repository.key_used(connection, row.tenant_id, row.id, now)
    return Identity(row.tenant_id, None, row.role, None, "api_key", None)


def login(
    database: Database,
    clock: Clock,
    tokens: Tokens,
    passwords: Passwords,
    email: str,
    password: str,
) -> TokenPair:
    """A new sign-in. Hashing happens outside of any transaction: it takes a tenth of a second.

    Raises: Unauthorized, in the same words and after the same work whatever was wrong.
    """
    with database.read() as connection:
        row = repository.user_by_email(connection, plain_email(email))
    fits, better = passwords.verify(password, None if row is None else row.password_hash)
    if row is None or not fits or not row.is_active or not row.tenant_is_active:
        raise Unauthorized(
            "E-mail or password is wrong.", code="login_failed", hint="Check both and try again."
        )
    now = clock.now()
    family = secrets.token_hex(12)
    with database.session() as session:
        user = repository.user(session, row.tenant_id, row.id)
        if user is None:
            raise Unauthorized("E-mail or password is wrong.", code="login_failed")
        if better is not None:
            user.password_hash = better
        return _pair(session, tokens, user.tenant_id, user.id, family, 1, now)


def refresh(database: Database, clock: Clock, tokens: Tokens, refresh_token: str) -> TokenPair:
    """A new pair for an unused refresh token. One that was used before ends the whole sign-in."""
    claims = tokens.read(refresh_token, "refresh")
    now = clock.now()
    number = int(claims.id.rpartition(".")[2])
    with database.session() as session:
        connection = session.connection()
        if repository.take_sign_in(connection, claims.tenant_id, claims.id, now):
            if repository.user_is_active(connection, claims.tenant_id, claims.user_id):
                return _pair(
                    session,
                    tokens,
                    claims.tenant_id,
                    claims.user_id,
                    claims.family,
                    number + 1,
                    now,
                )
        else:
            used = repository.sign_in(connection, claims.tenant_id, claims.id)
            if used is None or used.revoked_at is None or now - used.revoked_at > REFRESH_GRACE:
                repository.end_family(connection, claims.tenant_id, claims.family, now)
    raise Unauthorized(
        "This sign-in was renewed elsewhere or has ended.",
        code="refresh_used",
        hint="Sign in again.",
    )


def _pair(
    session: Session,
    tokens: Tokens,
    tenant_id: int,
    user_id: int,
    family: str,
    number: int,
    now: datetime,
) -> TokenPair:
    token_id = f"{family}.{number}"
    repository.add_sign_in(
        session.connection(), tenant_id, user_id, token_id, now, now + REFRESH_FOR
    )
    return TokenPair(
        access_token=tokens.issue("access", user_id, tenant_id, family, secrets.token_hex(8), now),
        refresh_token=tokens.issue("refresh", user_id, tenant_id, family, token_id, now),
        expires_in_s=int(ACCESS_FOR.total_seconds()),
    )


def logout(session: Session, tenant_id: int, sign_in: str, now: datetime) -> None:
    """End a sign-in at once."""
    repository.end_family(session.connection(), tenant_id, sign_in, now)


def profile(session: Session, tenant_id: int, user_id: int | None) -> tuple[Tenant, User | None]:
    user = None if user_id is None else repository.user(session, tenant_id, user_id)
    return repository.tenant(session, tenant_id), user


def create_tenant(
    session: Session, name: str, now: datetime, *, zone: str = "Asia/Jakarta"
) -> Tenant:
    tenant = Tenant(name=name, zone=zone, profile={}, is_active=True, created_at=now)
    session.add(tenant)
    session.flush()
    return tenant


def create_user(
    session: Session,
    tenant_id: int,
    email: str,
    password_hash: str,
    now: datetime,
    *,
    role: str = "user",
    name: str | None = None,
) -> User:
    """A person of a tenant. Hash the password first (`Passwords.hash`): it takes a while.

    Raises: Conflict when the address has an account already.
    """
    address = plain_email(email)
    if repository.email_is_taken(session, address):
        raise Conflict(
            "There is an account with this e-mail already.",
            code="email_taken",
            hint="Sign in, or use another address.",
        )
    user = User(
        tenant_id=tenant_id,
        email=address,
        password_hash=password_hash,
        name=name,
        role=role,
        is_active=True,
        created_at=now,
        updated_at=now,
    )
    session.add(user)
    session.flush()
    return user


def api_keys(session: Session, tenant_id: int) -> Sequence[ApiKey]:
    return repository.api_keys(session, tenant_id)


def create_api_key(
    session: Session, tenant_id: int, name: str, role: str, user_id: int | None, now: datetime
) -> tuple[ApiKey, str]:
    """A new key and its text, which is never to be seen again."""
    text, prefix, key_hash = new_api_key()
    key = ApiKey(
        tenant_id=tenant_id,
        name=name,
        prefix=prefix,
        key_hash=key_hash,
        role=role,
        created_by=user_id,
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key, text


def rename_api_key(session: Session, tenant_id: int, key_id: int, name: str) -> ApiKey:
    key = _key(session, tenant_id, key_id)
    key.name = name
    session.flush()
    return key


def revoke_api_key(session: Session, tenant_id: int, key_id: int, now: datetime) -> None:
    key = _key(session, tenant_id, key_id)
    if key.revoked_at is None:
        key.revoked_at = now


def _key(session: Session, tenant_id: int, key_id: int) -> ApiKey:
    key = repository.api_key(session, tenant_id, key_id)
    if key is None:
        raise NotFound("There is no such API key.")
    return key
