"""What a file is, told by its first bytes and never by its name."""

from ocr import problems

PDF = "PDF"
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing or other XML"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
PDF_WITHIN_BYTES = 1_024
"""Readers of PDF allow this much before the mark."""


def kind_of(content: bytes) -> str:
    """PDF, or the name Pillow has for the format. Raises: Refused (empty, unsupported type)."""
    if not content:
        raise problems.empty()
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if b"%PDF-" in content[:PDF_WITHIN_BYTES]:
        return PDF
    raise problems.unsupported(_other(content))


def _other(content: bytes) -> str:
    for start, what in _OTHERS:
        if content.lstrip()[: len(start)] == start:
            return what
    if content[4:8] == b"ftyp":
        return "a HEIC or AVIF picture" if content[8:10] in (b"he", b"mi", b"av") else "video"
    return "of a kind this program doesn't know"
