"""Tells which media folder each process looks into, so that the doctor can compare them.

A process reads the mark in its folder when it starts and each minute, and writes it into Redis
under a key that ends soon after the process does. Losing Redis loses nothing: it is told again.
"""

import json
import os
import socket
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import redis

from runtime import compose
from services.integrations.media import shared
from services.kit.config import Settings

EVERY_S = 60.0
AGAIN_S = 5.0
"""How soon it is told again when Redis was away."""
KEPT_S = 150
MOST_KEYS = 1_000
_KEYS = "alir:media-seen:"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one process sees: the mark of its media folder, or the `problem` it has with it."""

    role: str
    """api, worker (sends files) or slow (has pictures read)."""
    process: str
    root: str
    mark: str
    problem: str
    at_s: float
    """Seconds since 1970."""


def start(settings: Settings, role: str) -> None:
    """Tell from now on, in a thread that ends with the process."""
    threading.Thread(
        target=_tell_always, args=(settings, role), name="media-witness", daemon=True
    ).start()


def look(settings: Settings, role: str) -> Seen:
    """What this process sees now; a folder of our own is made, a volume has to be there."""
    root, found, problem = settings.media, "", ""
    try:
        if not settings.media_root:
            root.mkdir(parents=True, exist_ok=True)
        found = shared.mark(root)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    process = f"{socket.gethostname()}:{os.getpid()}"
    return Seen(role, process, str(root.absolute()), found, problem, time.time())


def tell(client: Any, seen: Seen) -> None:
    """Write it down. Raises: redis.RedisError, OSError."""
    client.set(f"{_KEYS}{seen.role}:{seen.process}", json.dumps(asdict(seen)), ex=KEPT_S)


def told(client: Any) -> list[Seen]:
    """What the processes told last. Raises: redis.RedisError, OSError."""
    keys = []
    for key in client.scan_iter(f"{_KEYS}*", count=MOST_KEYS):
        keys.append(key)
        if len(keys) == MOST_KEYS:
            break
    values = client.mget(keys) if keys else []
    return sorted(
        (Seen(**json.loads(value)) for value in values if value),
        key=lambda seen: (seen.role, seen.process),
    )


def _tell_always(settings: Settings, role: str) -> None:
    client = compose.redis_client(settings)
    pause = threading.Event()
    while True:
        try:
            tell(client, look(settings, role))
        except (redis.RedisError, OSError):
            # Every part of the product works while Redis is away; this one has nothing to tell to.
            pause.wait(AGAIN_S)
        else:
            pause.wait(EVERY_S)
