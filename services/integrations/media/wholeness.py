"""Whether a picture or a PDF has come in to its end, told by its own structure and undecoded.

Lenient where readers are: what stands behind the end (the trailers of some phones), a GIF without
its last byte or a PDF with a damaged table is taken; what has no whole picture or page is not.
"""

import mmap
import struct
from collections.abc import Callable
from pathlib import Path

from services.integrations.media.kinds import Kind
from services.integrations.media.problem import MediaProblem

_JPEG_ALONE = (0x01, *range(0xD0, 0xD9))
"""Markers that no length follows."""
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C
_PDF_ENDINGS = (b"startxref", b"trailer", b"%%EOF")


def check(path: Path, kind: Kind) -> None:
    """Raises: MediaProblem (broken_picture, broken_pdf) for a file that is cut off."""
    is_whole = _WHOLE.get(kind.mimetype)
    if is_whole is None:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if is_whole(content):
            return
    if kind.is_picture:
        raise MediaProblem(
            "broken_picture",
            "This picture is cut off: its end is missing.",
            "Send it again; if that fails, open it on your computer and save it anew.",
        )
    raise MediaProblem(
        "broken_pdf",
        "This PDF is cut off: it holds no whole page.",
        "Send it again; if that fails, open it on your computer and save it anew.",
    )


def _jpeg(content: mmap.mmap) -> bool:
    """An end after the first scan; the small picture in a header has an end of its own."""
    at = 2
    while (at := content.find(b"\xff", at)) != -1 and at + 4 <= len(content):
        marker = content[at + 1]
        if marker == _JPEG_SCAN:
            return content.find(bytes((0xFF, _JPEG_END)), at + 2) != -1
        if marker == _JPEG_END:
            return False
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_ALONE:
            at += 2
        else:
            at += 2 + max(int.from_bytes(content[at + 2 : at + 4], "big"), 2)
    return False


def _png(content: mmap.mmap) -> bool:
    at, has_pixels = 8, False
    while at + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        if name == b"IEND":
            return has_pixels
        has_pixels = has_pixels or name == b"IDAT"
        at += 12 + length
    return False


def _gif(content: mmap.mmap) -> bool:
    """One whole picture; an animation may lack its last ones."""
    if len(content) < 13:
        return False
    at = 13 + _gif_colours(content[10])
    while at + 1 < len(content):
        if content[at] == _GIF_EXTENSION:
            at = _after_blocks(content, at + 2)
        elif content[at] == _GIF_IMAGE and at + 10 < len(content):
            return _after_blocks(content, at + 11 + _gif_colours(content[at + 9])) <= len(content)
        else:
            return False
    return False


def _gif_colours(flags: int) -> int:
    """Bytes of the table of colours that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(content: mmap.mmap, at: int) -> int:
    """Where a row of blocks ends; behind the file when it does not."""
    while at < len(content):
        if content[at] == 0:
            return at + 1
        at += 1 + content[at]
    return len(content) + 1


def _webp(content: mmap.mmap) -> bool:
    return len(content) >= 8 + int.from_bytes(content[4:8], "little") > 20


def _pdf(content: mmap.mmap) -> bool:
    return content.find(b" obj") != -1 and any(content.rfind(end) != -1 for end in _PDF_ENDINGS)


_WHOLE: dict[str, Callable[[mmap.mmap], bool]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "application/pdf": _pdf,
}
