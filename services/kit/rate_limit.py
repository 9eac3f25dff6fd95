"""Bounds on how often something may be tried, kept in the process: no Redis, no opening."""

import time
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.kit.errors import TooMany

SIGN_INS_PER_MINUTE = 5


class Limit:
    """At most so many tries a minute for each key, over a moving window."""

    def __init__(self, per_minute: int, *, name: str) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._name = name

    def hit(self, *keys: str) -> None:
        """Count a try under every key. Raises: TooMany, when one of them is used up."""
        for key in keys:
            if not self._limiter.hit(self._item, self._name, key):
                reset_at = self._limiter.get_window_stats(self._item, self._name, key).reset_time
                wait_s = max(1, ceil(reset_at - time.time()))
                raise TooMany(
                    "Too many attempts.",
                    hint=f"Try again in {wait_s} seconds.",
                    retry_after_s=wait_s,
                )
