from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from services.integrations.media import wholeness
from services.integrations.media.kinds import kind_of
from services.integrations.media.problem import MediaProblem
from tests.support.pictures import PDF


def drawn(form: str, size: tuple[int, int] = (200, 150), **options: object) -> bytes:
    """A picture with something in it, so that most of its bytes are pixels."""
    written = BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(written, form, **options)
    return written.getvalue()


def told(folder: Path, data: bytes) -> str:
    """The code of what is wrong; empty when the file is whole."""
    path = folder / "file"
    path.write_bytes(data)
    kind = kind_of(data[:64])
    assert kind is not None
    try:
        wholeness.check(path, kind)
    except MediaProblem as problem:
        return problem.code if problem.hint else "no hint"
    return ""


WHOLE = {
    "JPEG": drawn("JPEG"),
    "progressive JPEG": drawn("JPEG", progressive=True),
    "JPEG with a small picture in its header": drawn("JPEG", exif=b"Exif\0\0" + drawn("JPEG")),
    "JPEG with a phone's trailer": drawn("JPEG") + b"SEFT" + bytes(9_000),
    "PNG": drawn("PNG"),
    "PNG with something behind": drawn("PNG") + b"\n",
    "GIF": drawn("GIF"),
    "GIF without its last byte": drawn("GIF")[:-1],
    "animation": drawn(
        "GIF", save_all=True, append_images=[Image.effect_noise((200, 150), 9)], loop=0
    ),
    "WebP": drawn("WEBP"),
    "lossless WebP": drawn("WEBP", lossless=True),
    "PDF": PDF,
    "PDF of pictures": drawn("PDF"),
    "PDF with a long tail": PDF + bytes(100_000),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_taken(tmp_path, name):
    assert told(tmp_path, WHOLE[name]) == ""


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WebP", "lossless WebP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_picture_that_is_cut_off_is_refused(tmp_path, name, share):
    data = WHOLE[name]

    assert told(tmp_path, data[: max(int(len(data) * share), 40)]) == "broken_picture"


@pytest.mark.parametrize(
    "name", ["JPEG with a small picture in its header", "progressive JPEG", "animation"]
)
def test_the_end_of_something_else_is_not_the_end_of_the_picture(tmp_path, name):
    data = WHOLE[name]
    first_pixels = data.index(b"\xff\xda", len(data) // 2) if "header" in name else 700

    assert told(tmp_path, data[: first_pixels + 2]) == "broken_picture"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        b"%PDF-1.7\n" + bytes(50_000),
        b"%PDF-1.7\n1 0 obj\n<</Length 9>>\nstream\n",
        b"%PDF-1.7\n%%EOF\n",
    ],
)
def test_a_pdf_that_holds_no_page_is_refused(tmp_path, data):
    assert told(tmp_path, data) == "broken_pdf"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_no_bytes_behind_a_beginning_make_it_fail_otherwise(tmp_path, form):
    data = drawn(form, (24, 16))
    for length in range(12, len(data), 7):
        for filler in (b"", b"\xff" * 40, b"\0" * 40):
            cut = data[:length] + filler
            assert told(tmp_path, cut) in ("", "broken_picture")


def test_what_has_no_structure_to_look_at_is_left_alone(tmp_path):
    assert told(tmp_path, b"OggS") == ""
