"""What the routes of schedules take and answer."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from domain.zones import WIB
from services.kit.http import In, Out


class ScheduleOut(Out):
    id: int
    trigger_id: int
    trigger: str
    flow_id: int
    flow_name: str
    is_active: bool
    """Whether its flow and its trigger are switched on."""
    rule: dict[str, Any]
    """`at`, `cron` or `rrule`, and `zone`."""
    status: Literal["ACTIVE", "PAUSED", "HELD", "ENDED"]
    max_late_s: int
    next: list[datetime]
    held_due_at: datetime | None
    """A time that was missed by more than `max_late_s`: confirm it or drop it."""
    last_due_at: datetime | None
    last_fired_at: datetime | None


class SchedulePage(Out):
    items: list[ScheduleOut]
    next: int | None


class SchedulePatch(In):
    paused: bool


class PreviewIn(In):
    at: str | None = Field(None, max_length=40)
    cron: str | None = Field(None, max_length=100)
    rrule: str | None = Field(None, max_length=200)
    zone: str = Field(WIB, max_length=64)
    count: int = Field(5, ge=1, le=20)


class PreviewOut(Out):
    next: list[datetime]
