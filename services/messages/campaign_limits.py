"""What a campaign's flow limits by itself: quiet hours, and messages per device and day."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from domain.pacing import LaneState, rolled
from domain.windows import Windows, local_midnight_after, next_allowed, windows


def held_until(
    limits: Mapping[str, Any] | None, lane: LaneState, now: datetime, zone: str
) -> datetime | None:
    """When the campaign's messages may leave this device again; None when they may now.

    `limits`: `quiet_hours` {tz, from, to} and `device_per_day`, as the flow document has them.
    `zone` is the tenant's: its day is the one that is counted.
    """
    if not limits:
        return None
    quiet = limits.get("quiet_hours")
    if quiet:
        opens = next_allowed(now, _quiet(quiet["from"], quiet["to"], quiet.get("tz") or zone))
        if opens is not None and opens > now:
            return opens
    most = limits.get("device_per_day")
    if most is not None and rolled(lane, now, zone).sent_today >= int(most):
        return local_midnight_after(now, zone)
    return None


@lru_cache(maxsize=256)
def _quiet(start: str, end: str, zone: str) -> Windows:
    return windows(quiet=f"{start}-{end}", zone=zone)
