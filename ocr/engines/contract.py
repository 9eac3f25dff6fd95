"""What an engine is: pixels in, pieces of text with their places out."""

from dataclasses import dataclass
from typing import Any, Protocol

Pixels = Any
"""A numpy array, height x width x 3, one byte a channel, in the order blue, green, red."""
Point = tuple[float, float]
Box = tuple[Point, Point, Point, Point]
"""Top left, top right, bottom right, bottom left as one reads it; x to the right, y down."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text found at one place."""

    text: str
    box: Box
    score: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands on one page; boxes in pixels of the page after it was turned upright."""

    pieces: list[Piece]
    turned_degrees: int
    """How far clockwise the page lay turned: 0, 90, 180 or 270."""


class OcrEngine(Protocol):
    """One instance a process, called by one thread at a time."""

    name: str
    model: str

    def read(self, pixels: Pixels) -> Reading: ...
