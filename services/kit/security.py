"""Passwords, tokens and API keys: made, checked, and never kept in the clear."""

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Any, Literal

import jwt
from passlib.context import CryptContext

from services.kit.errors import Invalid, Unauthorized, Unavailable

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
BCRYPT_BYTES = 72
"""What bcrypt reads; a longer password can't belong to a bcrypt hash we accept."""
HASHES_AT_ONCE = 2
HASH_WAIT_S = 5.0

ACCESS_FOR = timedelta(minutes=15)
REFRESH_FOR = timedelta(days=30)
SHORTEST_KEY_BYTES = 32
ALGORITHM = "HS256"
ISSUER = "alir"
AUDIENCE = "alir-api"
API_KEY_MARK = "alir_"
API_KEY_SHOWN = 12

TokenKind = Literal["access", "refresh"]


class Passwords:
    """Hashes and checks passwords, few at a time: each hash takes 64 MiB and a tenth of a second.

    argon2id; bcrypt hashes of older systems are accepted and replaced.
    """

    def __init__(self) -> None:
        self._context = CryptContext(schemes=["argon2", "bcrypt"], deprecated=["bcrypt"])
        self._slots = BoundedSemaphore(HASHES_AT_ONCE)
        self._dummy: str = self._context.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """Raises: Invalid for a password that is too short or too long, Unavailable when busy."""
        check_password(password)
        with self._slot():
            return str(self._context.hash(password))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether the password fits, and a better hash to store when the old one is weak.

        Without a stored hash the same work is done, so that nobody learns whether a user exists.
        """
        with self._slot():
            if stored is None or not _verifiable(password, stored):
                self._context.verify("no such password", self._dummy)
                return False, None
            fits, better = self._context.verify_and_update(password, stored)
            return bool(fits), None if better is None else str(better)

    def _slot(self) -> "_Slot":
        return _Slot(self._slots)


class _Slot:
    def __init__(self, slots: BoundedSemaphore) -> None:
        self._slots = slots

    def __enter__(self) -> None:
        if not self._slots.acquire(timeout=HASH_WAIT_S):
            raise Unavailable(
                "Too many people are signing in right now.",
                hint="Try again in a few seconds.",
                retry_after_s=HASH_WAIT_S,
            )

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def _verifiable(password: str, stored: str) -> bool:
    """What a library may be asked: it raises for lengths and signs it can't hash."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return False
    raw = password.encode("utf-8", "surrogatepass")
    if stored.startswith("$2"):
        return len(raw) <= BCRYPT_BYTES and b"\0" not in raw
    return True


def check_password(password: str) -> None:
    """Raises: Invalid, with what is wrong."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(
            f"The password is too short: at least {SHORTEST_PASSWORD} characters.",
            code="password_too_short",
            hint="A short sentence is easy to remember and hard to guess.",
        )
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(
            f"The password is too long: at most {LONGEST_PASSWORD} characters.",
            code="password_too_long",
        )


def plain_email(email: str) -> str:
    """The one spelling an address is stored and looked for under."""
    return unicodedata.normalize("NFC", email.strip()).lower()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says. `family` is the sign-in it belongs to, `id` the token itself."""

    user_id: int
    tenant_id: int
    family: str
    id: str


class Tokens:
    """Signs and reads JWTs: one algorithm, one key, every claim required."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY_BYTES:
            raise ValueError(f"the token key needs {SHORTEST_KEY_BYTES} bytes, got {len(key)}")
        self._key = key

    def issue(
        self, kind: TokenKind, user_id: int, tenant_id: int, family: str, token_id: str,
        now: datetime,
    ) -> str:  # fmt: skip
        lasts = ACCESS_FOR if kind == "access" else REFRESH_FOR
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "tid": tenant_id,
            "fam": family,
            "jti": token_id,
            "typ": kind,
            "iat": int(now.timestamp()),
            "exp": int((now + lasts).timestamp()),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def read(self, token: str, kind: TokenKind) -> Claims:
        """Raises: Unauthorized for whatever is not exactly such a token of ours."""
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": ["exp", "iat", "sub", "jti", "aud", "iss", "typ", "tid", "fam"]
                },
            )
            if claims["typ"] != kind:
                raise Unauthorized("This is the wrong kind of token.", code="token_invalid")
            return Claims(
                user_id=int(claims["sub"]),
                tenant_id=int(claims["tid"]),
                family=str(claims["fam"]),
                id=str(claims["jti"]),
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized(
                "The sign-in has run out.",
                code="token_expired",
                hint="Refresh it or sign in again.",
            ) from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthorized(
                "The token is not valid.", code="token_invalid", hint="Sign in again."
            ) from error


def new_api_key() -> tuple[str, str, str]:
    """A fresh key: (the key, shown once; its recognisable beginning; the hash to store)."""
    key = API_KEY_MARK + secrets.token_urlsafe(32)
    return key, key[:API_KEY_SHOWN], api_key_hash(key)


def api_key_hash(key: str) -> str:
    """SHA-256 is enough: a key holds 256 bits of chance, unlike a password."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
