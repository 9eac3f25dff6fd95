"""The one clock: real UTC time, and durations that shrink together in tests and the demo."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time for everything that waits.

    `now()` is never scaled, so rows, logs and the WhatsApp server agree on when something
    happened. What shrinks is the length of waits: with `scale=20` a pause of 10 s lasts 0.5 s.
    Every duration of the product goes through `seconds()` or `span()`; a duration that does not
    is a bug that a scaled test shows.
    """

    scale: float = 1.0
    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    shortest_call_s: float = 5.0
    """A scaled clock may not cut a call shorter than a loaded machine needs to answer it."""

    def __post_init__(self) -> None:
        if self.scale <= 0:
            raise ValueError(f"TIME_SCALE must be above 0, got {self.scale}")

    def seconds(self, unscaled_s: float) -> float:
        """How many real seconds a wait of `unscaled_s` lasts."""
        return unscaled_s / self.scale

    def span(self, unscaled_s: float) -> timedelta:
        """The same as a timedelta, to add to `now()`."""
        return timedelta(seconds=unscaled_s / self.scale)

    def unscaled(self, real_s: float) -> float:
        """What a measured wait of `real_s` would have been without scaling, in seconds."""
        return real_s * self.scale
