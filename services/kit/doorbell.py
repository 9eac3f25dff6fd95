"""Rings a worker by task name. Losing or doubling a ring changes nothing but latency."""

from collections.abc import Callable
from typing import Protocol

RINGS = {
    "runtime.take_events": "webhook",
    "runtime.advance": "control",
    "runtime.send_due": "broadcast",
    "runtime.advance_media": "media",
    "runtime.look_after_chats": "maintenance",
}
"""Task name -> queue. Payloads are empty: the rows say what there is to do."""

COALESCE_MS = 200
"""At most one ring of a name is outstanding for this long."""


class Doorbell(Protocol):
    """What a process needs to wake the workers; ring only after the commit."""

    def ring(self, task: str) -> None: ...


class SilentDoorbell:
    """Rings nobody: for tests and tools; the workers' scan finds the rows."""

    def ring(self, task: str) -> None:
        if task not in RINGS:
            raise KeyError(task)


class CeleryDoorbell:
    """Rings through Celery, coalesced by a short-lived key in Redis.

    A broker that is away is no error: every worker looks at the rows every few seconds anyway.
    """

    def __init__(self, first: Callable[[str, int], bool], publish: Callable[[str, str], None]):
        self._first = first
        self._publish = publish

    def ring(self, task: str) -> None:
        queue = RINGS[task]
        if self._first(f"alir:ring:{task}", COALESCE_MS):
            self._publish(task, queue)
