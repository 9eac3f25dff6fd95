"""Settings, read once where a process starts, and handed down as values."""

import math
import re
from base64 import urlsafe_b64decode
from binascii import Error as NoBase64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.errors import ProductError

PREFIX = "ALIR_"
SECRET = frozenset({"database_url", "redis_url", "jwt_secret", "seal_keys", "waha_api_key"})
"""Settings whose value is never shown: most hold a password."""
HINTS = {
    "database_url": "Write it like mysql+pymysql://user:password@host:3306/alir, or leave it empty "
    "for SQLite in the var folder.",
    "redis_url": "Write it like redis://host:6379/0, or leave it empty for the embedded one.",
    "seal_keys": "Each key is 32 random bytes in URL-safe base64, keys with a comma between them; "
    "empty: a key is made in the var folder.",
    "time_scale": "Leave it out, or write 1: only tests and the demo need another.",
    "waha_url": "Write it like http://127.0.0.1:3000, or leave it out for the simulator.",
    "ocr_url": "Write it like http://127.0.0.1:5000, or leave it out.",
    "http_allow": "Write hosts with a comma between them, such as 192.168.1.20:8080,erp.lan.",
    "public_url": "Write it like https://alir.example.com, or leave it empty.",
}
DATABASES = ("sqlite", "sqlite+pysqlite", "mysql+pymysql", "mariadb+pymysql")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
KEY_BYTES = 32


class WrongSetting(ProductError):
    """A setting can't be used; the message names it, the hint says how to mend it."""

    code = "wrong_setting"


class Settings(BaseSettings):
    """Every setting, from the environment (`ALIR_...`) or `.env`. Each has a safe default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    environment: Literal["development", "test", "production"] = "development"
    var: Path = Field(Path("var"), description="Where the embedded database, keys and logs live.")
    database_url: str = Field("", description="Empty: SQLite in the var folder.")
    redis_url: str = Field("", description="Empty: a child Valkey on a unix socket in var.")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field("", description="Address people and WAHA reach the API under.")
    time_scale: float = Field(1.0, gt=0, description="Only for tests and the demo.")
    shortest_call_s: float = Field(
        5.0, gt=0, description="Only for tests: no scaled time-out of a send is shorter."
    )
    min_any_gap_s: float = Field(1.0, ge=0)
    link_clicks_per_minute: int = Field(
        6000, ge=0, description="Of one address; 0 for any number, behind a proxy."
    )
    log_level: str = "INFO"
    log_format: Literal["text", "json"] = "text"
    jwt_secret: str = Field("", description="Empty: made once in the var folder.")
    seal_keys: str = Field("", description="Fernet keys, newest first; empty: a file in var.")
    media_root: str = Field("", description="Empty: media in the var folder; shared by all hosts.")
    media_quota_mb: int = Field(1024, ge=1, description="What the files of one account may take.")
    ocr_url: str = Field("http://127.0.0.1:5000", description="The program that reads images.")
    http_allow: str = Field(
        "", description="Hosts (host or host:port, commas) flows may ask though they are private."
    )
    waha_url: str = "http://127.0.0.1:3000"
    waha_api_key: str = ""
    waha_is_sandbox: bool = False
    database_pool: int = Field(8, ge=2, le=100)
    worker_index: int = 0
    allow_failpoints: bool = False

    def __init__(self, **given: Any) -> None:
        """Read them. Raises: WrongSetting for the first that can't be used."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise _wrong(error.errors()[0]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise WrongSetting(
                f"The file .env can't be read ({error}).",
                hint="Save it as text in UTF-8 that this user may read, or take it away.",
            ) from error

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        if not url:
            return url
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            raise ValueError("is no address of a database") from None
        if parsed.drivername not in DATABASES:
            raise ValueError(f"must begin with one of {', '.join(DATABASES)}")
        if parsed.drivername.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
            raise ValueError("must name a file: several processes share the database")
        return url

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        _require_port(url)
        return url

    @field_validator("waha_url", "ocr_url", "public_url")
    @classmethod
    def _is_a_web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        _require_port(url)
        return url

    @field_validator("http_allow")
    @classmethod
    def _are_hosts(cls, hosts: str) -> str:
        for host in filter(None, (one.strip() for one in hosts.split(","))):
            if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?", host):
                raise ValueError(f"{host[:60]!r} is no host; leave out http:// and paths")
        return hosts

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, level: str) -> str:
        if level.upper() not in LEVELS:
            raise ValueError(f"must be one of {', '.join(LEVELS)}")
        return level

    @field_validator("seal_keys")
    @classmethod
    def _are_keys(cls, keys: str) -> str:
        for number, key in enumerate((one.strip() for one in keys.split(",")), start=1):
            try:
                fits = not keys or not key or len(urlsafe_b64decode(key)) == KEY_BYTES
            except (NoBase64, ValueError):
                fits = False
            if not fits:
                raise ValueError(f"holds a key that is none (number {number})")
        return keys

    @field_validator("time_scale", "shortest_call_s", "min_any_gap_s")
    @classmethod
    def _is_finite(cls, number: float) -> float:
        if not math.isfinite(number):
            raise ValueError("must be a number that is not endless")
        return number

    @property
    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{(self.var / 'alir.db').resolve()}"

    @property
    def redis(self) -> str:
        """Redis's address; a unix socket of the embedded one by default."""
        return self.redis_url or f"unix://{(self.var / 'valkey' / 'valkey.sock').resolve()}"

    @property
    def media(self) -> Path:
        """Root of the media files, a folder a tenant below it."""
        return Path(self.media_root) if self.media_root else self.var / "media"

    @property
    def http_allowed(self) -> tuple[str, ...]:
        """The hosts that flows may ask wherever they are."""
        return tuple(one.strip() for one in self.http_allow.split(",") if one.strip())

    @property
    def api_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def _require_port(url: str) -> None:
    """Raises: ValueError."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("has a port that is no number up to 65535") from None


def _wrong(found: Mapping[str, Any]) -> WrongSetting:
    """Our error for one of pydantic's; a value that may hold a password is left out."""
    field = str(found["loc"][0]) if found["loc"] else "settings"
    said = str(found["msg"]).removeprefix("Value error, ")
    shown = "" if field in SECRET else f" (it is {str(found.get('input'))[:60]!r})"
    return WrongSetting(
        f"The setting {PREFIX}{field.upper()} can't be used{shown}: {said}.",
        hint=HINTS.get(field, "Correct it in the environment or in .env, or leave it out.")
        + " Every setting: docs/settings.md.",
    )
