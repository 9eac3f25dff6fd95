"""Messages and the history that WAHA can be asked for."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

ACK_NAMES = {-1: "ERROR", 0: "PENDING", 1: "SERVER", 2: "DEVICE", 3: "READ", 4: "PLAYED"}


@dataclass(slots=True)
class Media:
    """A file that travels with a message. `data_key` finds the bytes in the media store."""

    mimetype: str
    filename: str | None = None
    size_bytes: int = 0
    fingerprint: str = ""
    data_key: str | None = None
    source_url: str | None = None
    state: str = "ok"
    """ok, error (WAHA could not fetch it) or skipped (WAHA was told not to fetch it)."""


@dataclass(slots=True)
class Message:
    """One message in one session, whatever the engine makes of it on the wire."""

    id: str
    chat: str
    person: str
    """The chat with a hidden-user address resolved: the same for `@lid` and `@c.us`."""
    from_me: bool
    text: str | None
    timestamp: int
    source: str
    ack: int
    kind: str = "text"
    media: Media | None = None
    participant: str | None = None
    alternate: str | None = None
    """The phone address behind a hidden-user one, where the engine gives it away."""
    push_name: str = ""
    reply_to: dict[str, Any] | None = None
    extra: dict[str, Any] | None = None
    """Location, contact cards, poll ... in WAHA's request shape."""
    visible_at: float = 0.0
    """Monotonic time before which look-ups do not find it."""
    is_revoked: bool = False


class History:
    """The messages of one session, oldest first; `on_add` and `on_drop` keep the common count."""

    def __init__(self) -> None:
        self.order: deque[Message] = deque()
        self.by_id: dict[str, Message] = {}
        self.by_person: dict[str, deque[Message]] = {}
        self.is_sorted = True

    def __len__(self) -> int:
        return len(self.order)

    def add(self, message: Message) -> None:
        if self.order and message.timestamp < self.order[-1].timestamp:
            self.is_sorted = False
        self.order.append(message)
        self.by_id[message.id] = message
        self.by_person.setdefault(message.person, deque()).append(message)

    def drop_oldest(self) -> None:
        message = self.order.popleft()
        if self.by_id.get(message.id) is message:
            del self.by_id[message.id]
        of_chat = self.by_person[message.person]
        of_chat.popleft()
        if not of_chat:
            del self.by_person[message.person]

    def knows(self, person: str) -> bool:
        return person in self.by_person

    def newest_first(self, person: str | None, since: int | None) -> Iterator[Message]:
        """Messages of a chat (None: of all), newest first, none older than `since`."""
        source = self.order if person is None else self.by_person.get(person, ())
        if self.is_sorted:
            for message in reversed(source):
                if since is not None and message.timestamp < since:
                    return
                yield message
            return
        for message in sorted(source, key=lambda one: one.timestamp, reverse=True):
            if since is None or message.timestamp >= since:
                yield message

    def find(
        self,
        person: str | None,
        fits: Callable[[Message], bool],
        *,
        since: int | None,
        ascending: bool,
        offset: int,
        limit: int,
    ) -> list[Message]:
        """A page of the messages that fit."""
        found: list[Message] = []
        wanted = None if ascending else offset + limit
        for message in self.newest_first(person, since):
            if fits(message):
                found.append(message)
                if wanted is not None and len(found) >= wanted:
                    break
        if ascending:
            found.reverse()
        return found[offset : offset + limit]
