"""Warmth: how well a device knows its recipients, and how much a young device may send."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.pacing import Block, Caps, CapsOn, Pacing, Reason
from domain.windows import local_midnight_after
from domain.zones import WIB


class Warmth(StrEnum):
    """What a recipient is to one device."""

    WARM = "warm"
    KNOWN = "known"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class Step:
    """What a device may send up to and including a day of its ramp; None for the rest of its life.

    `cold_per_day` limits first messages to people who never wrote to the device. A limit of None
    is switched off.
    """

    until_day: int | None
    per_hour: int | None
    per_day: int | None
    cold_per_day: int | None


class RampError(ValueError):
    """A ramp whose days don't rise or that has no last step."""


RAMP: tuple[Step, ...] = (
    Step(until_day=2, per_hour=20, per_day=50, cold_per_day=10),
    Step(until_day=5, per_hour=40, per_day=200, cold_per_day=25),
    Step(until_day=10, per_hour=80, per_day=500, cold_per_day=50),
    Step(until_day=None, per_hour=None, per_day=None, cold_per_day=100),
)
"""The warm-up we propose; owners may edit it. Source: caps that vendors publish (all claimed)."""


def warmth(device: str, wrote_to: Collection[str]) -> Warmth:
    """What a contact who wrote to the devices `wrote_to` is to `device`."""
    if device in wrote_to:
        return Warmth.WARM
    return Warmth.KNOWN if wrote_to else Warmth.COLD


def ramp_day(first_day: date, today: date, bad_days: int = 0) -> int:
    """Which day of its ramp a device is on, 1 on its first.

    A day on which it failed, was refused or lost people counts as none: the ramp stands still.
    """
    return max(1, (today - first_day).days + 1 - max(0, bad_days))


def step_on(day: int, ramp: Sequence[Step] = RAMP) -> Step:
    """The step of a ramp that holds on a day (1 is the first). Raises: RampError."""
    check_ramp(ramp)
    return next(step for step in ramp if step.until_day is None or day <= step.until_day)


def is_warming(day: int, ramp: Sequence[Step] = RAMP) -> bool:
    """Whether a device has not reached the last step of its ramp yet."""
    return step_on(day, ramp).until_day is not None


def caps_by_day(
    pacing: Pacing, first_day: date, ramp: Sequence[Step] = RAMP, bad_days: int = 0
) -> CapsOn:
    """The caps of every day: the pacing's own or the ramp's, whichever is the lower.

    The reason names the one that limits, so that a forecast can say "because of warm-up".
    Raises: RampError.
    """
    check_ramp(ramp)

    def caps_on(day: date) -> Caps:
        step = step_on(ramp_day(first_day, day, bad_days), ramp)
        per_hour, ramp_limits_hour = _lower(pacing.per_hour, step.per_hour)
        per_day, ramp_limits_day = _lower(pacing.per_day, step.per_day)
        return Caps(
            per_hour,
            per_day,
            Reason.WARM_UP if ramp_limits_hour else Reason.HOURLY_CAP,
            Reason.WARM_UP if ramp_limits_day else Reason.DAILY_CAP,
        )

    return caps_on


def cold_left(step: Step, cold_sent_today: int) -> int | None:
    """How many more cold recipients a device may write to today; None when nothing limits it."""
    return None if step.cold_per_day is None else max(0, step.cold_per_day - cold_sent_today)


def cold_blocks(
    recipient: Warmth, step: Step, cold_sent_today: int, now: datetime, zone: str = WIB
) -> tuple[Block, ...]:
    """What holds a message because of who gets it: the cold budget, until the next local day.

    Somebody who knows another device of the tenant is new to this one, and WhatsApp counts chats
    by device: only WARM recipients are outside the budget.
    """
    if recipient is Warmth.WARM or cold_left(step, cold_sent_today) != 0:
        return ()
    return (Block(Reason.COLD_BUDGET, local_midnight_after(now, zone)),)


def check_ramp(ramp: Sequence[Step]) -> None:
    """Raises: RampError unless the days rise and only the last step is open-ended."""
    ends = [step.until_day for step in ramp]
    if not ends or ends[-1] is not None:
        raise RampError("the last step of a ramp has no last day: leave until_day out there")
    days = [0, *[end for end in ends[:-1] if end is not None]]
    if len(days) < len(ends) or sorted(set(days)) != days:
        raise RampError("the days of a ramp must rise from step to step")
    for step in ramp:
        limits = (step.per_hour, step.per_day, step.cold_per_day)
        if any(limit is not None and limit < 0 for limit in limits):
            raise RampError("a limit of a ramp is 0 or more")


def _lower(own: int | None, step: int | None) -> tuple[int | None, bool]:
    if step is None:
        return own, False
    if own is None or step < own:
        return step, True
    return own, False
