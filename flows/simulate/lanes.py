"""The lanes of a simulation: one queue a device, with the pauses a real device keeps."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from domain.pacing import (
    Kind,
    LaneState,
    Leave,
    Pacing,
    ended,
    may_leave,
    started,
)
from domain.seeds import generator
from domain.windows import Windows
from domain.zones import WIB
from nodes.contract import Message

Who = TypeVar("Who")


@dataclass(slots=True)
class Lane(Generic[Who]):
    """One device. Replies go before broadcasts; among their own kind, first come, first served."""

    device: str
    seed: str
    rules: Sequence[Windows] = ()
    per_day: int | None = None
    zone: str = WIB
    state: LaneState = field(default_factory=LaneState)
    broadcasts: deque[tuple[Message, Who]] = field(default_factory=deque)
    replies: deque[tuple[Message, Who]] = field(default_factory=deque)
    sent: int = 0
    due: datetime | None = None
    """When it is looked at next."""

    def take(self, message: Message, kind: Kind, who: Who) -> None:
        """Put a message into the queue."""
        queue = self.broadcasts if kind is Kind.BROADCAST else self.replies
        queue.append((message, who))

    def next(self, now: datetime) -> tuple[Leave, Kind] | None:
        """When the message leaves that comes next; None when nothing waits."""
        for queue, kind in ((self.replies, Kind.REPLY), (self.broadcasts, Kind.BROADCAST)):
            if queue:
                return self._leave(queue[0][0], kind, now), kind
        return None

    def leaves(self, kind: Kind, now: datetime) -> tuple[Message, Who]:
        """The first of its kind goes out at `now`, and the gap after it is drawn."""
        queue = self.broadcasts if kind is Kind.BROADCAST else self.replies
        message, who = queue.popleft()
        pacing = _pacing(message, self.per_day)
        draw = generator(self.seed, "lane", self.device, self.sent)
        self.state = started(self.state, pacing, now, draw, kind, zone=self.zone)
        self.state = ended(self.state, now, kind)
        self.sent += 1
        return message, who

    def drop(self, kind: Kind) -> tuple[Message, Who]:
        """Take the first of its kind back out: it can never leave."""
        return (self.broadcasts if kind is Kind.BROADCAST else self.replies).popleft()

    def _leave(self, message: Message, kind: Kind, now: datetime) -> Leave:
        pacing = _pacing(message, self.per_day)
        return may_leave(self.state, pacing, now, kind, rules=self.rules, zone=self.zone)


def _pacing(message: Message, per_day: int | None) -> Pacing:
    low, high = message.gap_min_s, max(message.gap_min_s, message.gap_max_s)
    return Pacing(low, high, rest_after=None, per_day=per_day)
