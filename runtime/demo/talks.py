"""What people said in the demo, what had to come back, and what the ledger says came."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Talk:
    """One person, and the one answer that is due to what was said to `device`.

    `sign` is a piece of the right answer. `said_at_s`: when the person was done, monotonic.
    """

    what: str
    device: str
    person: str
    sign: str
    said_at_s: float


@dataclass(frozen=True, slots=True)
class Answers:
    """`doubled`: messages to these people beyond the one that was due, also those that came after
    they were to be left alone. `lost`: people without the right answer."""

    asked: int
    answered: int
    doubled: int
    lost: int
    median_s: float | None


def count(talks: Sequence[Talk], rows: Iterable[Mapping[str, Any]]) -> Answers:
    """Compare what was due with rows of the ledger that are younger than the talks."""
    came = by_person(rows)
    waits_s = []
    doubled = 0
    for talk in talks:
        mine = came.get(talk.person, [])
        right = next((row for row in mine if is_answer(talk, row)), None)
        if right is not None:
            waits_s.append(max(float(right["arrived_mono"]) - talk.said_at_s, 0.0))
        doubled += max(len(mine) - 1, 0)
    return Answers(
        asked=len(talks),
        answered=len(waits_s),
        doubled=doubled,
        lost=len(talks) - len(waits_s),
        median_s=round(median(waits_s), 3) if waits_s else None,
    )


def is_answer(talk: Talk, row: Mapping[str, Any]) -> bool:
    """Whether the row is the right answer, from the number that was asked."""
    return row["session"] == talk.device and talk.sign in str(row["text"] or "")


def by_person(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows by phone number, in their order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(str(row["person"]).partition("@")[0], []).append(row)
    return found
