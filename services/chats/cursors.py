"""Where a page of chats or messages ends, as one short word for the next request."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.kit.errors import FieldProblem, Invalid

NEVER = "0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS_MOST = 18


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last thing of a page: its time (None: it has none), which list it is of, and its id."""

    at: datetime | None
    source: str
    id: int

    def __str__(self) -> str:
        at_us = NEVER if self.at is None else str(_microseconds(self.at))
        return f"{at_us}.{self.source}{self.id}"


def read_cursor(text: str | None, sources: str) -> Cursor | None:
    """The cursor `str()` wrote; None for the first page. Raises: Invalid for anything else."""
    if text is None:
        return None
    at_us, _, rest = text.partition(".")
    source, number = rest[:1], rest[1:]
    if not (_is_number(at_us) and _is_number(number)) or source not in sources or not source:
        hint = "Use `next` of the page before, as it is."
        raise Invalid(
            "This is no place to go on from.",
            hint=hint,
            problems=[FieldProblem("after", "This is no place to go on from.", hint)],
        )
    at = None if at_us == NEVER else _from_microseconds(int(at_us))
    return Cursor(at, source, int(number))


def _microseconds(at: datetime) -> int:
    past = at - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def _from_microseconds(at_us: int) -> datetime:
    seconds, microseconds = divmod(min(at_us, 253_402_300_799_999_999), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS_MOST
