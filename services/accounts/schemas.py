"""What the routes of accounts take and answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from services.kit.http import In, Out


class LoginIn(In):
    email: Annotated[str, Field(min_length=3, max_length=255)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]

    model_config = In.model_config | {"str_strip_whitespace": False}


class RefreshIn(In):
    refresh_token: Annotated[str, Field(min_length=1, max_length=2000)]


class TokensOut(Out):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in_s: int


class UserOut(Out):
    id: int
    email: str
    name: str | None
    role: str


class TenantOut(Out):
    id: int
    name: str
    zone: str


class MeOut(Out):
    """`user` is null for an API key."""

    tenant: TenantOut
    user: UserOut | None
    role: str
    via: Literal["jwt", "api_key"]


class ApiKeyIn(In):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Literal["user", "agent"] = "user"


class ApiKeyPatch(In):
    name: Annotated[str, Field(min_length=1, max_length=100)]


class ApiKeyOut(Out):
    id: int
    name: str
    prefix: str
    role: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiKeyOut(ApiKeyOut):
    """`key` is shown this once."""

    key: str
