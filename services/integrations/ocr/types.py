"""What the program that reads images answers, and what can go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One line in reading order. `box`: its corners in pixels; `confidence`: 0 to 1."""

    text: str
    confidence: float
    page: int
    box: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """All that was read. `language` is a guess, empty when there is none."""

    text: str
    lines: Sequence[Line]
    pages: int
    language: str
    engine: str
    milliseconds: float

    @property
    def confidence(self) -> float:
        """How sure the engine is of the whole, 0 to 1: its lines by their length; 0 without any."""
        letters = sum(len(line.text) for line in self.lines)
        if not letters:
            return 0.0
        return sum(line.confidence * len(line.text) for line in self.lines) / letters


@dataclass(frozen=True, slots=True)
class Health:
    """What the program says of itself."""

    ready: bool
    engine: str
    said: str


class OcrError(Exception):
    """A file that was not read. `temporary`: the same call may work later."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        temporary: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.temporary = temporary
        self.retry_after_s = retry_after_s
