"""One scan: a document's bytes in, the answer's document out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from ocr import limits, pdf, pictures
from ocr.engines.contract import OcrEngine, Pixels
from ocr.kinds import PDF, kind_of
from ocr.language import language_of
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


def scan(content: bytes, engine: OcrEngine, at_page: Callable[[int], None]) -> dict[str, Any]:
    """Read every page, telling `at_page` its number first.

    Raises: Refused for everything that is wrong with the document.
    """
    start = perf_counter()
    pages = []
    for page in _pages(content, engine, at_page):
        pages.append(page)
        at_page(len(pages) + 1)
    lines = [
        {
            "page": number,
            "text": line.text,
            "box": [[round(x, 1), round(y, 1)] for x, y in line.box],
            "confidence": round(line.score, 4),
        }
        for number, page in enumerate(pages, start=1)
        for line in page.lines
    ]
    texts = ["\n".join(line.text for line in page.lines) for page in pages]
    text = "\n\n".join(one for one in texts if one)
    return {
        "text": text,
        "language": language_of(text),
        "confidence": round(_confidence(pages), 4),
        "lines": lines,
        "pages": [
            {
                "number": number,
                "width": page.width,
                "height": page.height,
                "source": page.source,
                "turned_degrees": page.turned_degrees,
                "text": text_of_page,
            }
            for number, (page, text_of_page) in enumerate(zip(pages, texts, strict=True), start=1)
        ],
        "engine": engine.name,
        "model": engine.model,
        "milliseconds": round((perf_counter() - start) * 1000),
    }


def _pages(content: bytes, engine: OcrEngine, at_page: Callable[[int], None]) -> Iterator[Page]:
    kind = kind_of(content)
    at_page(1)
    if kind != PDF:
        for picture in pictures.pages_of(content, kind):
            yield _read(engine, picture.pixels, picture.width, picture.height)
        return
    for page in pdf.pages_of(content):
        if page.lines is not None:
            yield Page(page.width, page.height, "text-layer", 0, page.lines[: limits.LINES_MAX])
        else:
            yield _read(engine, page.pixels, page.width, page.height)


def _read(engine: OcrEngine, pixels: Pixels, width: int, height: int) -> Page:
    """Boxes come back in the page's own frame, whatever size and way up the engine saw."""
    seen_height, seen_width = pixels.shape[:2]
    if min(seen_width, seen_height) < limits.SHORTEST_SIDE_PIXELS:
        return Page(width, height, "engine", 0, [])  # no letter fits, and engines stumble
    reading = engine.read(pixels)
    pieces = [
        replace(piece, text=mended(piece.text))
        for piece in reading.pieces
        if piece.score >= limits.SCORE_MIN
    ]
    lines = []
    for line in lines_of(pieces)[: limits.LINES_MAX]:
        box = turned_back(line.box, reading.turned_degrees, seen_width, seen_height)
        scaled = tuple((x * width / seen_width, y * height / seen_height) for x, y in box)
        first, second, third, fourth = scaled
        lines.append(Line(line.text, (first, second, third, fourth), line.score))
    return Page(width, height, "engine", reading.turned_degrees, lines)


def _confidence(pages: list[Page]) -> float:
    """Mean over all letters; 0 where there are none."""
    lines = [line for page in pages for line in page.lines]
    letters = sum(len(line.text) for line in lines)
    return sum(line.score * len(line.text) for line in lines) / letters if letters else 0.0
