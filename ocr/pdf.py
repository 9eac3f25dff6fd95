"""From a PDF to its pages: the text layer where there is one, else pixels at 200 dots an inch."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ocr import limits, problems
from ocr.engines.contract import Box, Pixels
from ocr.reading_order import Line
from ocr.sizes import check_sides

RENDER_DPI = 200
POINTS_PER_INCH = 72
TEXT_LAYER_CHARACTERS_MIN = 20
"""A page with less than this has no text layer worth the name, perhaps a page number."""
JPEG2000 = "JPXDecode"
CONTENT_KINDS = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM)


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page; sizes and boxes in pixels at 200 dots an inch."""

    width: int
    height: int
    lines: list[Line] | None
    """The text layer, or None where the pixels must be read."""
    pixels: Pixels | None


def page_of(file: Path, number: int) -> tuple[int, PdfPage]:
    """How many pages the document has, and one of them, from 1.

    It is opened anew for every page: what pdfium keeps of the pages before is free then.

    Raises: Refused (damaged, locked, too many pages or pixels, sides out of bounds).
    """
    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise problems.needs_password() from None
        raise problems.corrupt("PDF", reason="no pages can be found in it") from error
    try:
        if len(document) > limits.PAGES_MAX:
            raise problems.too_many_pages(len(document))
        if number > len(document):
            raise problems.corrupt("PDF", reason="it has no page")
        return len(document), _page(document, number)
    except pdfium.PdfiumError as error:
        raise problems.corrupt("PDF", f"page {number}") from error
    finally:
        document.close()


def _page(document: pdfium.PdfDocument, number: int) -> PdfPage:
    place = f"page {number}"
    page = document[number - 1]
    try:
        scale = RENDER_DPI / POINTS_PER_INCH
        width, height = (max(1, round(points * scale)) for points in page.get_size())
        lines = _text_layer(page, width, height)
        if lines is not None:
            return PdfPage(width, height, lines, None)
        check_sides(width, height, f"{place} at {RENDER_DPI} dpi".capitalize())
        _check_pictures(page, place)
        smaller = min(1.0, (limits.READ_PIXELS_MAX / (width * height)) ** 0.5)
        bitmap = page.render(scale=scale * smaller, may_draw_forms=False)
        pixels = np.ascontiguousarray(_three_channels(bitmap.to_numpy()))
        bitmap.close()
        return PdfPage(width, height, None, pixels)
    finally:
        page.close()


def _three_channels(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    return pixels[:, :, :3]


def _check_pictures(page: pdfium.PdfPage, place: str) -> None:
    """Sizes of the pictures on the page, before drawing it unpacks them."""
    for number, found in enumerate(page.get_objects(filter=CONTENT_KINDS, max_depth=5)):
        if number >= limits.PDF_OBJECTS_LOOKED_AT_MAX:
            return
        if found.type != raw.FPDF_PAGEOBJ_IMAGE:
            continue
        width, height = found.get_px_size()
        most = limits.PDF_PICTURE_PIXELS_MAX
        if JPEG2000 in found.get_filters():
            most = limits.PDF_JPEG2000_PIXELS_MAX
        if width * height > most:
            raise problems.too_many_pixels(width, height, f"A picture on {place}", most)


def _text_layer(page: pdfium.PdfPage, width: int, height: int) -> list[Line] | None:
    text_page = page.get_textpage()
    try:
        count = min(text_page.count_chars(), limits.PDF_CHARACTERS_MAX)
        if count < TEXT_LAYER_CHARACTERS_MIN:
            return None
        text = "".join(chr(raw.FPDFText_GetUnicode(text_page, at)) for at in range(count))
        if len("".join(text.split())) < TEXT_LAYER_CHARACTERS_MIN:
            return None
        return list(_lines(page, text_page, text, (width, height)))
    finally:
        text_page.close()


def _lines(
    page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, text: str, size: tuple[int, int]
) -> Iterator[Line]:
    start = 0
    for whole in text.splitlines(keepends=True):
        shown = whole.replace("\0", "").replace("\ufffe", "-").strip()
        if shown:
            yield Line(shown, _box(page, text_page, range(start, start + len(whole)), size), 1.0)
        start += len(whole)


def _box(
    page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, characters: range, size: tuple[int, int]
) -> Box:
    """The frame around some characters. Made-up ones (line ends) have no place and are left out."""
    across: list[int] = []
    down: list[int] = []
    x, y = ctypes.c_int(), ctypes.c_int()
    for at in characters:
        left, bottom, right, top = text_page.get_charbox(at, loose=True)
        if left == right and bottom == top:
            continue
        for corner in ((left, top), (right, bottom)):
            raw.FPDF_PageToDevice(page, 0, 0, *size, 0, *corner, x, y)
            across.append(x.value)
            down.append(y.value)
    if not across:
        return (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)
    west, east, north, south = map(float, (min(across), max(across), min(down), max(down)))
    return (west, north), (east, north), (east, south), (west, south)
