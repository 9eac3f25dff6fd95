"""What routes stand on: who is asking, their transaction, pages, and the router that checks both.

A route is a plain `def`. Its transaction is opened in the thread that runs it and committed there,
before the answer leaves. It is not opened in the dependency: on SQLite a write transaction holds
the file lock, and forty requests that wait for it in the dependency would hold every thread the
one that has it needs to go on.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from fastapi import APIRouter, Depends, Query, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy.orm import Session

from services.kit.after_commit import rings
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.doorbell import Doorbell
from services.kit.errors import Forbidden, NotFound, Unauthorized
from services.kit.plain_text import checked
from services.kit.ports import Flows
from services.kit.rate_limit import Limit
from services.kit.secrets import Sealer
from services.kit.security import Passwords, Tokens

if TYPE_CHECKING:
    from services.integrations.waha.client import WahaClient

Role = Literal["admin", "user", "agent"]
PAGE_DEFAULT, PAGE_MOST = 50, 200
ID_MOST = 2**63 - 1
"""The largest number a database column holds."""
ID_DIGITS_MOST = 40


@dataclass(frozen=True, slots=True)
class Member:
    """Who is asking, as the token says; nothing else in a request tells the tenant."""

    tenant_id: int
    user_id: int | None
    role: str
    email: str | None
    via: Literal["jwt", "api_key"]
    sign_in: str | None = None
    """The sign-in the token belongs to; None for an API key."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API process was built from; routes reach it as `App`."""

    settings: Settings
    clock: Clock
    database: Database
    sealer: Sealer
    doorbell: Doorbell
    tokens: Tokens
    passwords: Passwords
    authenticate: Callable[[str], Member]
    waha: "Callable[[str, str], WahaClient]"
    flows: Flows
    sign_in_limit: Limit


class In(BaseModel):
    """Base of what a request may bring: unknown keys and control characters are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        return checked(value)


class Out(BaseModel):
    """Base of what an answer holds: no defaults, read from rows."""

    model_config = ConfigDict(from_attributes=True)


# Who is asking

_bearer = HTTPBearer(auto_error=False, description="A sign-in's access token, or an API key.")
_api_key = APIKeyHeader(name="X-Api-Key", auto_error=False, description="An API key.")


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


App = Annotated[Parts, Depends(parts)]


def _member(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    key: Annotated[str | None, Depends(_api_key)],
) -> Member:
    credential = bearer.credentials if bearer is not None else key
    if not credential:
        raise Unauthorized("You are not signed in.", hint="Send a token or an API key.")
    return parts(request).authenticate(credential)


CurrentMember = Annotated[Member, Depends(_member)]


class Access:
    """Which roles may use a route; callable, so that FastAPI checks it before the route runs."""

    def __init__(self, allowed: tuple[Role, ...], *, signed_in: bool = False) -> None:
        self.allowed = allowed
        self.signed_in = signed_in

    def __call__(self, member: CurrentMember) -> None:
        if member.role not in self.allowed:
            raise Forbidden("Your role may not do this.", hint="Ask the owner of the account.")
        if self.signed_in and member.via != "jwt":
            raise Forbidden("An API key may not do this.", hint="Sign in with your password.")


class Public:
    """Marks a route that everybody may use."""

    def __call__(self) -> None:
        return None


def roles(*allowed: Role, signed_in: bool = False) -> Any:
    """The route's roles. `signed_in`: only people, not API keys."""
    return Depends(Access(allowed, signed_in=signed_in))


def public() -> Any:
    return Depends(Public())


ANYBODY = roles("admin", "user", "agent")
"""Everybody of the tenant."""
MANAGERS = roles("admin", "user")
"""Those who may change things."""


# Transactions


class _Pending:
    """Stands for a session until the route's own thread opens it."""

    def __init__(self, request: Request, *, write: bool) -> None:
        self._parts = parts(request)
        self.write = write

    def open(self) -> AbstractContextManager[Session]:
        database = self._parts.database
        return database.session() if self.write else database.reading_session()

    def ring(self, tasks: frozenset[str]) -> None:
        for task in sorted(tasks):
            self._parts.doorbell.ring(task)


def _pending_write(request: Request) -> _Pending:
    return _Pending(request, write=True)


def _pending_read(request: Request) -> _Pending:
    return _Pending(request, write=False)


Db = Annotated[Session, Depends(_pending_write, scope="function")]
"""A session that commits when the route returns; an error rolls everything back."""
ReadDb = Annotated[Session, Depends(_pending_read, scope="function")]
"""A session for reading; what it changes is not kept."""


def _with_transaction(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, which gets an open session where it asks for `Db` or `ReadDb`."""
    hints = get_type_hints(endpoint, include_extras=True)
    names = [name for name, hint in hints.items() if hint in (Db, ReadDb)]
    if not names:
        return endpoint
    if inspect.iscoroutinefunction(endpoint) or len(names) > 1:
        raise TypeError(f"{endpoint.__qualname__}: a session needs a plain def, and only one")
    name = names[0]

    @wraps(endpoint)
    def run(**given: Any) -> Any:
        pending: _Pending = given[name]
        with pending.open() as session:
            answer = endpoint(**{**given, name: session})
            asked = rings(session)
        pending.ring(asked)
        return answer

    return run


class Router(APIRouter):
    """A router whose every route says who may use it, and gets its transaction."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        declared = [*self.dependencies, *(options.get("dependencies") or ())]
        if not any(isinstance(one.dependency, (Access, Public)) for one in declared):
            raise TypeError(f"{endpoint.__qualname__} does not say who may use it: add roles(...)")
        options["dependencies"] = [*(options.get("dependencies") or ()), Depends(_ids_may_exist)]
        super().add_api_route(path, _with_transaction(endpoint), **options)


def _ids_may_exist(request: Request) -> None:
    """An id in the path that no column can hold is nobody's."""
    for name, value in request.path_params.items():
        if name.endswith("_id") and _is_beyond(str(value)):
            raise NotFound("There is nothing with this number.", hint="Check the address.")


def _is_beyond(written: str) -> bool:
    if len(written) > ID_DIGITS_MOST:
        return True
    try:
        return not -ID_MOST <= int(written) <= ID_MOST
    except ValueError:
        return False  # no number: the route says so


# Pages


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: rows after an id, newest first."""

    after: int | None
    limit: int


def _page(
    after: Annotated[
        int | None, Query(ge=0, le=ID_MOST, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Page:
    return Page(after, limit)


PageAsked = Annotated[Page, Depends(_page)]
