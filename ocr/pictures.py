"""From a picture file to pixels; its size is read before any of it is decoded."""

from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

import numpy as np
from PIL import Image

from ocr import limits, problems
from ocr.engines.contract import Pixels
from ocr.sizes import check_sides

Image.MAX_IMAGE_PIXELS = None  # its guard can't say how large; `ocr.sizes` stands in its place
ORIENTATION_TAG = 0x0112
FIRST_ORIENTATION_ON_ITS_SIDE = 5
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture upright, by the EXIF orientation it came with."""
STRIP_ROWS = 128
SEEN_SIDE_PIXELS = 800
"""So many columns and rows of a transparent picture tell which paper it needs."""
SEEN_ALPHA = 64
LUMINANCE = (0.299, 0.587, 0.114)
LIGHT = 150
"""From here on, of 255, a colour stands out better from black than from white."""
DARK_SHARE_MAX = 0.02
"""With more dark pixels there may be dark letters among the light ones: white paper as ever."""
WITH_PAGES = {"TIFF"}
"""Formats whose further frames are further pages; of an animation the first frame is read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page, upright as its EXIF data say. Its pixels may be fewer than its size tells."""

    width: int
    height: int
    pixels: Pixels


def page_of(file: Path, kind: str, number: int) -> tuple[int, Picture]:
    """How many pages a picture has, and one of them, from 1. What decoding took is free again.

    Raises: Refused (too many pixels or pages, sides out of bounds, damaged), MemoryError.
    """
    if kind == "WEBP":
        # Pillow makes room for the whole canvas at once.
        with file.open("rb") as opened:
            _check_size(*_webp_size(opened.read(30)), most=limits.WEBP_PIXELS_MAX)
    try:
        with Image.open(file, formats=(kind,)) as image:
            _check_size(*image.size)
            count = _count(image, kind)
            if number > 1:
                image.seek(number - 1)
                _check_size(*image.size, place=f"Page {number}")
            return count, picture_of(image)
    except (problems.Refused, MemoryError):
        raise
    # Its many decoders tell damage in as many ways: besides OSError and SyntaxError also
    # struct.error, KeyError and what else a wrong length leads to.
    except Exception as error:
        reason = str(error).replace(str(file), "the file")
        raise problems.corrupt("image", f"page {number}", reason) from error


def picture_of(image: Image.Image) -> Picture:
    """Pixels as engines want them, made smaller when they are more than an engine reads."""
    width, height = image.size
    orientation = image.getexif().get(ORIENTATION_TAG, 1)
    if image.format == "JPEG":
        image.draft("RGB", _readable(image.size))  # lets the decoder leave out what is not needed
    image.load()
    shown = _shrunk(image, _readable(image.size))
    if orientation in TURNS:
        shown = shown.transpose(TURNS[orientation])
    if orientation >= FIRST_ORIENTATION_ON_ITS_SIDE and orientation in TURNS:
        width, height = height, width
    return Picture(width, height, np.ascontiguousarray(np.asarray(shown)[:, :, ::-1]))


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture on paper, in three colours; in strips, as each copy of a whole one of the
    largest size would take 100 MB."""
    paper = _paper(image)
    if size == image.size:
        return _on(paper, image)
    shown = Image.new("RGB", size)
    scale = image.height / size[1]
    for top in range(0, size[1], STRIP_ROWS):
        bottom = min(size[1], top + STRIP_ROWS)
        first, last = floor(top * scale), min(image.height, ceil(bottom * scale))
        strip = _on(paper, image.crop((0, first, image.width, last)))
        part = (0, top * scale - first, strip.width, min(bottom * scale - first, strip.height))
        shown.paste(strip.resize((size[0], bottom - top), Image.Resampling.BOX, box=part), (0, top))
    return shown


def _on(paper: str, image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, paper)
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")


def _paper(image: Image.Image) -> str:
    """White; black where all that can be seen of a transparent picture is light, as white letters
    are not seen on white."""
    if not image.has_transparency_data:
        return "white"
    looked_at = min(image.width, SEEN_SIDE_PIXELS), min(image.height, SEEN_SIDE_PIXELS)
    seen = np.asarray(image.resize(looked_at, Image.Resampling.NEAREST).convert("RGBA"))
    seen = seen[seen[:, :, 3] >= SEEN_ALPHA][:, :3]
    dark = int((seen @ np.array(LUMINANCE) < LIGHT).sum())
    return "black" if len(seen) and dark <= len(seen) * DARK_SHARE_MAX else "white"


def _readable(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, (limits.READ_PIXELS_MAX / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _check_size(
    width: int, height: int, place: str = "The image", most: int = limits.IMAGE_PIXELS_MAX
) -> None:
    if min(width, height) < 1:
        raise problems.corrupt("image", reason=f"{width} x {height} pixels")
    check_sides(width, height, place, most)


def _count(image: Image.Image, kind: str) -> int:
    frames = int(getattr(image, "n_frames", 1)) if kind in WITH_PAGES else 1
    if frames > limits.PAGES_MAX:
        raise problems.too_many_pages(frames)
    return frames


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height from the first chunk (RFC 9649, 2.5 to 2.7)."""
    chunk, data = content[12:16], content[20:30]
    if len(data) < 10:
        raise problems.corrupt("image", reason="it ends in its header")
    if chunk == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = data[6:8], data[8:10]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    raise problems.corrupt("image", reason="its first chunk is of no known kind")
