"""What `alir doctor` says about one thing: how it is, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad it is; only PROBLEM makes the doctor answer with exit code 1."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, what was `said` about it, and how to `mend` it (empty when ok)."""

    what: str
    level: Level
    said: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "level": self.level.value,
            "said": self.said,
            "mend": self.mend,
        }


def ok(what: str, said: str) -> Finding:
    return Finding(what, Level.OK, said)


def warning(what: str, said: str, mend: str) -> Finding:
    return Finding(what, Level.WARNING, said, mend)


def problem(what: str, said: str, mend: str) -> Finding:
    return Finding(what, Level.PROBLEM, said, mend)
