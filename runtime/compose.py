"""Builds what a process needs out of its settings; the only place that does."""

import os
import secrets as tokens
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import redis

from flows.filling import TenantFlows
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.doorbell import CeleryDoorbell, Doorbell, SilentDoorbell
from services.kit.errors import ProductError
from services.kit.secrets import Sealer, key_file

REDIS_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class App:
    """The parts every process shares."""

    settings: Settings
    clock: Clock
    database: Database
    sealer: Sealer
    rng: Random


def build(settings: Settings | None = None) -> App:
    """Open the database and the keys. Raises: ProductError with what to do."""
    settings = settings or Settings()
    # LiteLLM would else fetch a price list at import; nothing here asks the network by itself.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    return App(
        settings=settings,
        clock=Clock(scale=settings.time_scale, shortest_call_s=settings.shortest_call_s),
        database=Database(settings.database, pool_size=settings.database_pool),
        sealer=_sealer(settings),
        rng=Random(tokens.randbits(64)),
    )


def _sealer(settings: Settings) -> Sealer:
    """Raises: ProductError when the key file was damaged; keys of the settings were looked at."""
    try:
        return Sealer(_seal_keys(settings))
    except ValueError as error:
        raise ProductError(
            f"The key file {settings.var / 'seal.key'} can't be used.",
            code="wrong_key_file",
            hint="Put it back from a backup: what was sealed with it can't be opened otherwise.",
        ) from error


def _seal_keys(settings: Settings) -> list[bytes]:
    if settings.seal_keys:
        return [key.strip().encode() for key in settings.seal_keys.split(",") if key.strip()]
    return key_file(settings.var / "seal.key")


def jwt_secret(settings: Settings) -> bytes:
    """The key of the tokens; made once in the var folder when none is set."""
    if settings.jwt_secret:
        return settings.jwt_secret.encode()
    return key_file(settings.var / "jwt.key")[0]


def redis_client(settings: Settings) -> Any:
    """A client that gives up quickly: nothing waits for Redis."""
    return redis.Redis.from_url(
        settings.redis, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
    )


def doorbell(settings: Settings) -> Doorbell:
    """Rings through Celery; a broker that is away is passed over."""
    from runtime.celery_app import celery_app, publish

    client = redis_client(settings)
    celery_app(settings)

    def first(key: str, milliseconds: int) -> bool:
        try:
            return bool(client.set(key, "1", nx=True, px=milliseconds))
        except redis.RedisError:
            return False

    return CeleryDoorbell(first, publish)


def silent_doorbell() -> Doorbell:
    return SilentDoorbell()


def var_folder(settings: Settings) -> Path:
    settings.var.mkdir(parents=True, exist_ok=True)
    return settings.var


def flows() -> TenantFlows:
    """The tenant's flows, for the services that start them."""
    return TenantFlows()
