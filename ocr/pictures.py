"""From a picture file to pixels; its size is read before any of it is decoded."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from ocr import limits, problems
from ocr.engines.contract import Pixels

Image.MAX_IMAGE_PIXELS = None  # its guard can't say how large; _check_size stands in its place
ORIENTATION_TAG = 0x0112
FIRST_ORIENTATION_ON_ITS_SIDE = 5
WITH_PAGES = {"TIFF"}
"""Formats whose further frames are further pages; of an animation the first frame is read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page, upright as its EXIF data say. Its pixels may be fewer than its size tells."""

    width: int
    height: int
    pixels: Pixels


def pages_of(content: bytes, kind: str) -> Iterator[Picture]:
    """The pages of a picture, each made when it is asked for.

    Raises: Refused (too many pixels or pages, damaged).
    """
    if kind == "WEBP":
        _check_size(*_webp_size(content))  # Pillow makes room for the whole canvas at once
    try:
        with Image.open(io.BytesIO(content), formats=(kind,)) as image:
            _check_size(*image.size)
            for number in range(_count(image, kind)):
                if number:
                    image.seek(number)
                    _check_size(*image.size)
                yield picture_of(image)
    except problems.Refused:
        raise
    except MemoryError:
        raise problems.too_much_memory() from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise problems.corrupt("image") from error


def picture_of(image: Image.Image) -> Picture:
    """Pixels as engines want them, made smaller when they are more than an engine reads."""
    width, height = image.size
    if image.getexif().get(ORIENTATION_TAG, 1) >= FIRST_ORIENTATION_ON_ITS_SIDE:
        width, height = height, width
    if image.format == "JPEG":
        image.draft("RGB", _readable(image.size))  # lets the decoder leave out what is not needed
    shown = ImageOps.exif_transpose(image)
    if shown.mode.startswith("I;16"):
        shown = Image.fromarray((np.asarray(shown) >> 8).astype(np.uint8))
    if shown.has_transparency_data:
        shown = _on_white(shown.convert("RGBA"))
    shown = shown.convert("RGB")
    size = _readable(shown.size)
    if size != shown.size:
        shown = shown.resize(size, Image.Resampling.BOX)
    return Picture(width, height, np.ascontiguousarray(np.asarray(shown)[:, :, ::-1]))


def _on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    return paper


def _readable(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, (limits.READ_PIXELS_MAX / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _check_size(width: int, height: int) -> None:
    if width * height > limits.IMAGE_PIXELS_MAX:
        raise problems.too_many_pixels(width, height)
    if min(width, height) < 1:
        raise problems.corrupt("image")


def _count(image: Image.Image, kind: str) -> int:
    frames = int(getattr(image, "n_frames", 1)) if kind in WITH_PAGES else 1
    if frames > limits.PAGES_MAX:
        raise problems.too_many_pages(frames)
    return frames


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height from the first chunk (RFC 9649, 2.5 to 2.7)."""
    chunk, data = content[12:16], content[20:30]
    if len(data) < 10:
        raise problems.corrupt("image")
    if chunk == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = data[6:8], data[8:10]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    raise problems.corrupt("image")
