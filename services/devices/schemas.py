"""What the routes of devices take and answer."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from services.kit.http import In, Out


class DeviceIn(In):
    display_name: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class ToggleIn(In):
    """`active` left out: the opposite of what it is."""

    active: bool | None = None


class DeviceOut(Out):
    """`session_name` is the device's name in paths and flows."""

    id: int
    session_name: str
    display_name: str | None
    phone_number: str | None
    status: str
    status_since: datetime | None
    health: str
    health_reason: str | None
    health_until: datetime | None
    is_active_for_broadcast: bool
    weight: int
    pacing: dict[str, Any]
    last_seen_at: datetime | None
    paired_at: datetime | None
    created_at: datetime


class LaneOut(Out):
    """When the device may send next. `waiting` is counted to 1,000."""

    session_name: str
    waiting: int
    due_at: datetime | None
    next_broadcast_at: datetime
    next_any_at: datetime
    cooldown_until: datetime | None
    cooldown_reason: str | None
    resting: bool
    until_rest: int | None
    day: str
    sent_today: int
    cold_today: int
    sent_this_hour: int
    recent: str
