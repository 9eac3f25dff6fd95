"""/auth and /api-keys: sign in, see who you are, sign out, and keys for programs."""

from collections.abc import Sequence
from dataclasses import asdict

from fastapi import Request

from services.accounts import service
from services.accounts.models import ApiKey
from services.accounts.schemas import (
    ApiKeyIn,
    ApiKeyOut,
    ApiKeyPatch,
    LoginIn,
    MeOut,
    NewApiKeyOut,
    RefreshIn,
    TenantOut,
    TokensOut,
    UserOut,
)
from services.kit.http import ANYBODY, App, CurrentMember, Db, ReadDb, Router, public, roles
from services.kit.security import plain_email

router = Router()
PEOPLE = roles("admin", "user", "agent", signed_in=True)
OWNERS = roles("admin", "user", signed_in=True)


@router.post("/auth/login", tags=["auth"], dependencies=[public()])
def login(given: LoginIn, request: Request, app: App) -> TokensOut:
    """Sign in with e-mail and password. Five tries a minute, by address and by account."""
    peer = request.client.host if request.client else "unknown"
    app.sign_in_limit.hit(f"ip:{peer}", f"account:{plain_email(given.email)}")
    pair = service.login(
        app.database, app.clock, app.tokens, app.passwords, given.email, given.password
    )
    return TokensOut(token_type="bearer", **asdict(pair))


@router.post("/auth/refresh", tags=["auth"], dependencies=[public()])
def refresh(given: RefreshIn, app: App) -> TokensOut:
    """Trade a refresh token, once, for a new pair."""
    pair = service.refresh(app.database, app.clock, app.tokens, given.refresh_token)
    return TokensOut(token_type="bearer", **asdict(pair))


@router.get("/auth/me", tags=["auth"], dependencies=[ANYBODY])
def me(member: CurrentMember, session: ReadDb) -> MeOut:
    """Who the token belongs to."""
    tenant, user = service.profile(session, member.tenant_id, member.user_id)
    return MeOut(
        tenant=TenantOut.model_validate(tenant),
        user=None if user is None else UserOut.model_validate(user),
        role=member.role,
        via=member.via,
    )


@router.post("/auth/logout", tags=["auth"], dependencies=[PEOPLE], status_code=204)
def logout(member: CurrentMember, app: App, session: Db) -> None:
    """Sign out: the access token and the refresh token stop working at once."""
    if member.sign_in is not None:
        service.logout(session, member.tenant_id, member.sign_in, app.clock.now())


@router.get("/api-keys", tags=["api-keys"], dependencies=[OWNERS], response_model=list[ApiKeyOut])
def list_keys(member: CurrentMember, session: ReadDb) -> Sequence[ApiKey]:
    """All keys, the revoked ones too."""
    return service.api_keys(session, member.tenant_id)


@router.post("/api-keys", tags=["api-keys"], dependencies=[OWNERS], status_code=201)
def create_key(given: ApiKeyIn, member: CurrentMember, app: App, session: Db) -> NewApiKeyOut:
    """Make a key. The answer is the only place that ever shows it."""
    key, text = service.create_api_key(
        session, member.tenant_id, given.name, given.role, member.user_id, app.clock.now()
    )
    return NewApiKeyOut(**ApiKeyOut.model_validate(key).model_dump(), key=text)


@router.patch("/api-keys/{key_id}", tags=["api-keys"], dependencies=[OWNERS])
def rename_key(key_id: int, given: ApiKeyPatch, member: CurrentMember, session: Db) -> ApiKeyOut:
    """Give a key another name."""
    key = service.rename_api_key(session, member.tenant_id, key_id, given.name)
    return ApiKeyOut.model_validate(key)


@router.delete("/api-keys/{key_id}", tags=["api-keys"], dependencies=[OWNERS], status_code=204)
def revoke_key(key_id: int, member: CurrentMember, app: App, session: Db) -> None:
    """Revoke a key: it stops working at once."""
    service.revoke_api_key(session, member.tenant_id, key_id, app.clock.now())
