"""A file is what its first bytes say."""

import pytest

from ocr.kinds import kind_of
from ocr.problems import Refused


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n...", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"RIFF....WEBPVP8 ", "WEBP"),
        (b"GIF89a", "GIF"),
        (b"II*\x00", "TIFF"),
        (b"%PDF-1.7", "PDF"),
        (b"\n\n junk %PDF-1.4", "PDF"),
    ],
)
def test_known_kinds_are_recognised(content: bytes, expected: str) -> None:
    assert kind_of(content) == expected


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"PK\x03\x04", "ZIP"),
        (b"RIFF....WAVE", "doesn't know"),
        (b"....ftypheic", "HEIC"),
        (b"....ftypisom", "video"),
        (b"  <svg", "SVG"),
    ],
)
def test_other_kinds_are_refused_by_what_they_are(content: bytes, word: str) -> None:
    with pytest.raises(Refused, match=word) as refused:
        kind_of(content)

    assert refused.value.problem.status == 415
