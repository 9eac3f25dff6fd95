"""Which runs of this process were written to a moment ago; a note for the feed, nothing more.

Noted inside of transactions, so a note may speak of what was rolled back: the feed tells what the
database says, never what a note says.
"""

import threading
import time
from collections.abc import Iterable

NOTED_MOST = 5_000
KEPT_S = 3.0
"""Long enough for somebody who has just begun to watch."""

_noted: dict[int, float] = {}
_noting = threading.Lock()
_followers = 0


def moved(run_ids: Iterable[int]) -> None:
    """Note runs; costs next to nothing while no feed follows."""
    if not _followers:
        return
    at = time.monotonic()
    with _noting:
        for run_id in run_ids:
            _noted[run_id] = at
        while len(_noted) > NOTED_MOST:
            del _noted[next(iter(_noted))]


def take() -> list[int]:
    """The runs noted since the last take."""
    with _noting:
        found = list(_noted)
        _noted.clear()
    return found


def forget_old() -> None:
    """Drop what nobody has watched for a while."""
    before = time.monotonic() - KEPT_S
    with _noting:
        for run_id in [one for one, at in _noted.items() if at < before]:
            del _noted[run_id]


def follow(*, on: bool) -> None:
    """A feed of this process begins or ends."""
    global _followers
    _followers += 1 if on else -1
