"""Between the columns of a lane and the values the pacing rules work on."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.pacing import LaneState, Pacing
from domain.windows import Windows, windows
from services.kit.clock import Clock


def lane_state(row: Any) -> LaneState:
    """The state of a lane's row."""
    return LaneState(
        next_broadcast_at=row.next_broadcast_at,
        next_any_at=row.next_any_at,
        gap_s=row.gap_s,
        resting=row.resting,
        until_rest=row.until_rest,
        day=row.day,
        sent_today=row.sent_today,
        hour=row.hour,
        sent_this_hour=row.sent_this_hour,
    )


def lane_values(state: LaneState) -> dict[str, Any]:
    """The columns of a state."""
    return {
        "next_broadcast_at": state.next_broadcast_at,
        "next_any_at": state.next_any_at,
        "gap_s": state.gap_s,
        "resting": state.resting,
        "until_rest": state.until_rest,
        "day": state.day,
        "sent_today": state.sent_today,
        "hour": state.hour,
        "sent_this_hour": state.sent_this_hour,
    }


def pacing_of(
    own: Mapping[str, Any] | None, gap_min_s: float, gap_max_s: float, clock: Clock
) -> Pacing:
    """A message's gaps with its device's rests and caps, in real seconds.

    `own` is the device's setting; a limit that is not in it is switched off.
    """
    own = own or {}
    rest_after, rest_s = own.get("rest_after"), own.get("rest_s") or (300.0, 900.0)
    return Pacing(
        min_s=clock.seconds(gap_min_s),
        max_s=clock.seconds(max(gap_max_s, gap_min_s)),
        rest_after=None if rest_after is None else (int(rest_after[0]), int(rest_after[1])),
        rest_s=(clock.seconds(rest_s[0]), clock.seconds(rest_s[1])),
        per_hour=own.get("per_hour"),
        per_day=own.get("per_day"),
    )


def windows_of(own: Mapping[str, Any] | None, zone: str) -> Sequence[Windows]:
    """The sending hours of a device."""
    spelled = (own or {}).get("windows")
    if not spelled:
        return ()
    return (
        windows(
            spelled.get("hours"),
            quiet=spelled.get("quiet"),
            zone=zone,
            holidays=[date.fromisoformat(day) for day in spelled.get("holidays", ())],
        ),
    )
