"""Puts pieces of text into the order a person reads them, as whole lines."""

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin
from statistics import median

from ocr.engines.contract import Box, Piece, Point

SKEW_MAX_DEGREES = 20.0
"""Steeper boxes are slanted words of a poster, not a slanted page."""
SAME_ROW_SHARE = 0.5
"""Middles that lie closer than this share of the lower piece's height are on one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page, from its left end to its right end."""

    text: str
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class _Placed:
    piece: Piece
    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top


def lines_of(pieces: list[Piece]) -> list[Line]:
    """Lines from top to bottom. A slanted page is levelled in thought first: at 3 degrees a price
    at the right edge of a receipt stands a whole line lower than its article at the left."""
    skew = skew_degrees(pieces)
    placed = [_place(piece, -skew) for piece in pieces if piece.text.strip()]
    rows: list[list[_Placed]] = []
    for one in sorted(placed, key=lambda it: it.middle):
        row = next((row for row in reversed(rows[-4:]) if _belongs(one, row)), None)
        if row is None:
            rows.append([one])
        else:
            row.append(one)
    rows.sort(key=lambda row: median(one.middle for one in row))
    return [_line(sorted(row, key=lambda one: one.left), skew) for row in rows]


def skew_degrees(pieces: list[Piece]) -> float:
    """How far the page's lines fall to the right, in degrees; long pieces count more."""
    angles = []
    for piece in pieces:
        (x0, y0), (x1, y1), _, (x3, y3) = piece.box
        width, height = hypot(x1 - x0, y1 - y0), hypot(x3 - x0, y3 - y0)
        angle = degrees(atan2(y1 - y0, x1 - x0))
        if width > 3 * height and abs(angle) <= SKEW_MAX_DEGREES:
            angles.append((angle, width))
    half = sum(width for _, width in angles) / 2
    passed = 0.0
    for angle, width in sorted(angles):
        passed += width
        if passed >= half:
            return angle
    return 0.0


def turned_back(box: Box, turned_degrees: int, width: int, height: int) -> Box:
    """A box of the upright page as a box of the page that came in, `width` x `height` pixels."""

    def back(point: Point) -> Point:
        x, y = point
        match turned_degrees:
            case 90:
                return width - y, x
            case 180:
                return width - x, height - y
            case 270:
                return y, height - x
            case _:
                return x, y

    first, second, third, fourth = (back(point) for point in box)
    return first, second, third, fourth


def _belongs(one: _Placed, row: list[_Placed]) -> bool:
    """Beside the row's nearest piece, not above or below one of its pieces."""
    nearest = min(row, key=lambda other: max(other.left - one.right, one.left - other.right))
    apart = abs(nearest.middle - one.middle)
    if apart >= SAME_ROW_SHARE * min(nearest.height, one.height):
        return False
    overlap = min(nearest.right, one.right) - max(nearest.left, one.left)
    return overlap < SAME_ROW_SHARE * min(nearest.right - nearest.left, one.right - one.left)


def _place(piece: Piece, turn_degrees: float) -> _Placed:
    points = [_turned(point, turn_degrees) for point in piece.box]
    across, down = [x for x, _ in points], [y for _, y in points]
    return _Placed(piece, min(across), max(across), min(down), max(down))


def _turned(point: Point, turn_degrees: float) -> Point:
    angle = radians(turn_degrees)
    x, y = point
    return x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)


def _line(row: list[_Placed], skew: float) -> Line:
    text = " ".join(one.piece.text.strip() for one in row)
    letters = sum(len(one.piece.text) for one in row)
    score = sum(one.piece.score * len(one.piece.text) for one in row) / letters
    left, right = row[0].left, max(one.right for one in row)
    top, bottom = min(one.top for one in row), max(one.bottom for one in row)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    first, second, third, fourth = (_turned(corner, skew) for corner in corners)
    return Line(text, (first, second, third, fourth), score)
