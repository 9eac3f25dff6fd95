"""What the routes of webhook events answer."""

from datetime import datetime
from typing import Literal

from services.kit.http import Out

EventState = Literal["NEW", "TAKEN", "DONE", "IGNORED", "DEAD"]


class EventOut(Out):
    """A delivery without its body."""

    id: int
    device_id: int
    event_id: str
    type: str
    chat_key: str | None
    state: str
    attempts: int
    error: str | None
    received_at: datetime


class EventPage(Out):
    items: list[EventOut]
    next: int | None


class EventDetail(EventOut):
    """A delivery and its body, as it came."""

    raw: str
