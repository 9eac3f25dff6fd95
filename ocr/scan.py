"""One page of a document: a file in, its lines as they go over the wire out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ocr import limits, memory, pdf, pictures, problems
from ocr.engines.contract import OcrEngine, Pixels
from ocr.kinds import PDF, kind_of
from ocr.lookalikes import mended
from ocr.reading_order import Line, lines_of, turned_back


@dataclass(frozen=True, slots=True)
class Page:
    """One page that was read; sizes and boxes in pixels of the page that came in."""

    width: int
    height: int
    source: str
    """engine, or text-layer."""
    turned_degrees: int
    lines: list[Line]


def scan_page(file: Path, number: int, engine: OcrEngine) -> dict[str, Any]:
    """Read page `number`, from 1: {count, page, lines}, where `count` tells how many there are.

    A document is read page by page, so that others come in between. `ocr.assembly` puts the pages
    together.

    Raises: Refused for everything that is wrong with the document; MemoryError.
    """
    count, page = _page(file, number, engine)
    if len(page.lines) > limits.LINES_MAX:
        raise problems.too_many_lines(limits.LINES_MAX, f"Page {number}")
    return {
        "count": count,
        "page": {
            "number": number,
            "width": page.width,
            "height": page.height,
            "source": page.source,
            "turned_degrees": page.turned_degrees,
            "text": "\n".join(line.text for line in page.lines),
        },
        "lines": [
            {
                "page": number,
                "text": line.text,
                "box": [[round(x, 1), round(y, 1)] for x, y in line.box],
                "confidence": round(line.score, 4),
            }
            for line in page.lines
        ],
    }


def _page(file: Path, number: int, engine: OcrEngine) -> tuple[int, Page]:
    with file.open("rb") as opened:
        kind = kind_of(opened.read(limits.HEAD_BYTES))
    if kind != PDF:
        count, picture = pictures.page_of(file, kind, number)
        return count, _read(engine, picture.pixels, picture.width, picture.height)
    count, page = pdf.page_of(file, number)
    if page.lines is not None:
        return count, Page(page.width, page.height, "text-layer", 0, page.lines)
    return count, _read(engine, page.pixels, page.width, page.height)


def _read(engine: OcrEngine, pixels: Pixels, width: int, height: int) -> Page:
    """Boxes come back in the page's own frame, whatever size and way up the engine saw."""
    seen_height, seen_width = pixels.shape[:2]
    if min(seen_width, seen_height) < limits.SHORTEST_SIDE_PIXELS:
        return Page(width, height, "engine", 0, [])  # no letter fits, and engines stumble
    memory.give_back()  # what decoding took, before the engine takes as much again
    reading = engine.read(pixels)
    pieces = [
        replace(piece, text=mended(piece.text))
        for piece in reading.pieces
        if piece.score >= limits.SCORE_MIN
    ]
    lines = []
    for line in lines_of(pieces):
        box = turned_back(line.box, reading.turned_degrees, seen_width, seen_height)
        scaled = tuple((x * width / seen_width, y * height / seen_height) for x, y in box)
        first, second, third, fourth = scaled
        lines.append(Line(line.text, (first, second, third, fourth), line.score))
    return Page(width, height, "engine", reading.turned_degrees, lines)
