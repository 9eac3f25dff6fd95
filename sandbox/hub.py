"""Live events for the phone page: every open page has a bounded queue of its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from sandbox.limits import SUBSCRIBER_EVENTS_MAX, SUBSCRIBERS_MAX


class TooManySubscribers(Exception):
    """More pages are open than the sandbox serves."""


class Hub:
    """Hands events to whoever listens; a page that is too slow is told to load anew."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    @property
    def has_listeners(self) -> bool:
        return bool(self._queues)

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        if not self._queues:
            return
        event = b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(b"event: reload\ndata: {}\n\n")
            queue.put_nowait(event)

    def subscribe(self) -> AsyncIterator[bytes]:
        """Events from now on. Raises TooManySubscribers."""
        if len(self._queues) >= SUBSCRIBERS_MAX:
            raise TooManySubscribers(f"{SUBSCRIBERS_MAX} pages are open already")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(SUBSCRIBER_EVENTS_MAX)
        self._queues.add(queue)
        return self._stream(queue)

    async def _stream(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        try:
            yield b"retry: 1000\n: hello\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), timeout=15.0)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield event
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        for queue in self._queues:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
