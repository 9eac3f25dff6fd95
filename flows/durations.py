"""Durations as people write them in a flow document (`30s`, `10m`, `1h`, `2d`), in seconds."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"
LONGEST_S = 366 * 86400.0

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(PATTERN)


def seconds(value: Any) -> float:
    """`"1h30m"` -> 5400.0; a plain number is seconds already.

    Raises: ValueError for anything else, for less than 0 and for more than 366 days.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a duration is written like 30s, 10m, 1h or 2d")
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value.strip()):
            raise ValueError(f"'{value[:40]}' is no duration; write it like 30s, 10m, 1h or 2d")
        total = sum(float(count) * UNITS_S[unit] for count, unit in _PART.findall(value))
    else:
        total = float(value)
    if not 0 <= total <= LONGEST_S:
        raise ValueError("a duration lies between 0 and 366 days")
    return total


Seconds = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": PATTERN},
                {"type": "number", "minimum": 0, "maximum": LONGEST_S},
            ],
            "examples": ["30s", "10m", "1h"],
        }
    ),
]
"""A field that is written as a duration and read as seconds."""
