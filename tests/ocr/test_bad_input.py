"""Whatever is wrong with a file is answered with its name, and the next file is read."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.ocr.conftest import FIXTURES, Program
from tests.ocr.documents import blank_png, bursting_pdf, locked_pdf, pdf, png, text_pdf

pytestmark = [pytest.mark.ocr, pytest.mark.xdist_group("ocr")]
PICTURE = (FIXTURES / "small-chat-light-en.jpg").read_bytes()
GOOD_PDF = text_pdf("A page with more than twenty letters of text")
MEGABYTE = 1 << 20


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50 * MEGABYTE))
    return target.getvalue()


def webp_header(width: int, height: int) -> bytes:
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + sizes
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


UPLOADS: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "nothing": (lambda: b"", 422, "empty_file"),
    "a picture cut short": (lambda: PICTURE[:3_000], 422, "corrupt_image"),
    "only the head of a picture": (lambda: PICTURE[:20], 422, "corrupt_image"),
    "a PNG of noise": (lambda: png(50, 50, b"no rows"), 422, "corrupt_image"),
    "a side of 12,500 pixels": (lambda: png(12_500, 500), 413, "too_long_side"),
    "300 times as wide as high": (lambda: png(3_000, 10), 422, "too_narrow"),
    "300 times as high as wide": (lambda: png(10, 3_000), 422, "too_narrow"),
    "a PDF page of 300 to 1": (lambda: pdf([b""], box="0 0 3000 10"), 422, "too_narrow"),
    "a PDF page of 12,500 pixels": (lambda: pdf([b""], box="0 0 4500 90"), 413, "too_long_side"),
    "only the mark of a PDF": (lambda: b"%PDF-", 422, "corrupt_pdf"),
    "the first line of a PDF": (lambda: b"%PDF-1.7\n", 422, "corrupt_pdf"),
    "a PDF without pages": (lambda: pdf([]), 422, "corrupt_pdf"),
    "a PDF of noise": (lambda: b"%PDF-1.4\n" + os.urandom(2_000), 422, "corrupt_pdf"),
    "a PDF cut short": (lambda: GOOD_PDF[:60], 422, "corrupt_pdf"),
    "a PDF with a password": (locked_pdf, 422, "password_pdf"),
    "169 million pixels": (lambda: png(13_000, 13_000), 413, "too_many_pixels"),
    "a WebP of 100 million pixels": (lambda: webp_header(10_000, 10_000), 413, "too_many_pixels"),
    "a PDF page of 40 million pixels": (
        lambda: pdf([b""], box="0 0 2270 2270"),
        413,
        "too_many_pixels",
    ),
    "10,000 pages": (lambda: pdf([b""] * 10_000), 413, "too_many_pages"),
    "a ZIP bomb": (zipped, 415, "unsupported_type"),
    "a text with the name of a picture": (lambda: b"Halo kak", 415, "unsupported_type"),
    "a web page": (lambda: b"<!DOCTYPE html><p>", 415, "unsupported_type"),
    "21 MB": (lambda: PICTURE + bytes(21 * MEGABYTE), 413, "too_large"),
    "60 MB": (lambda: bytes(60 * MEGABYTE), 413, "too_large"),
}


@pytest.mark.parametrize("what", UPLOADS)
def test_a_bad_file_is_refused_by_name(what: str, program: Program) -> None:
    make, status, code = UPLOADS[what]

    assert_problem(program.upload(make(), "receipt.png"), status, code)


@pytest.mark.parametrize("kept_bytes", [4, 12, 33, 41, 60, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_picture_cut_short_anywhere_is_refused_with_the_reason(
    kind: str, kept_bytes: float, program: Program
) -> None:
    name = "small-chat-dark-id.png" if kind == "png" else "small-chat-light-en.jpg"
    whole = (FIXTURES / name).read_bytes()
    kept = int(kept_bytes if kept_bytes > 1 else kept_bytes * len(whole))

    answer = program.upload(whole[:kept])

    if kind == "png" and kept < 8:
        assert_problem(answer, 415, "unsupported_type")
        return
    assert_problem(answer, 422, "corrupt_image")
    assert len(answer.json()["message"]) > len("The image is damaged or cut short, page 1.")


def test_a_refusal_names_the_sizes_and_what_is_allowed(program: Program) -> None:
    assert program.upload(png(3_000, 10)).json()["message"] == (
        "The image has 3000 x 10 pixels; one side may be 200 times the other."
    )
    assert program.upload(png(12_500, 500)).json()["message"] == (
        "The image has 12500 x 500 pixels; a side may have 12,000."
    )


def test_a_pdf_that_bursts_when_unpacked_hurts_nobody(program: Program) -> None:
    before = program.wait_until_ready()

    answer = program.upload(bursting_pdf(1_500 * MEGABYTE))

    # Whether its reader gives up, runs out of memory or out of time is pdfium's business.
    assert answer.status_code in (200, 413, 422, 504)
    if answer.status_code != 200:
        assert answer.json()["hint"]
    assert program.upload(PICTURE).status_code == 200
    assert program.wait_until_ready()["status"] == before["status"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nobody.png", 404, "file_not_found"),
        ("no/such/folder.png", 404, "file_not_found"),
        ("truth.json/x", 404, "file_not_found"),
        ("../log", 403, "outside_media_folder"),
        ("folder/../../log", 403, "outside_media_folder"),
        ("/etc/passwd", 403, "outside_media_folder"),
        ("", 403, "outside_media_folder"),
        ("a\0b", 403, "outside_media_folder"),
        ("x" * 2_000, 403, "outside_media_folder"),
        ("link.png", 403, "outside_media_folder"),
        ("linked/log", 403, "outside_media_folder"),
        ("folder", 422, "not_a_file"),
        (".", 422, "not_a_file"),
        ("pipe", 422, "not_a_file"),
        ("empty.png", 422, "empty_file"),
        ("large.png", 413, "too_large"),
        ("truth.json", 415, "unsupported_type"),
    ],
)
def test_a_path_leads_to_an_ordinary_file_in_the_folder_or_nowhere(
    path: str, status: int, code: str, program: Program
) -> None:
    furnish(program.media)

    assert_problem(program.scan(path), status, code)


def furnish(media: Path) -> None:
    if (media / "pipe").exists():
        return
    (media / "folder").mkdir()
    (media / "link.png").symlink_to(media / "small-chat-dark-id.png")
    (media / "linked").symlink_to(media.parent)
    (media / "empty.png").touch()
    with (media / "large.png").open("wb") as file:
        file.truncate(21 * MEGABYTE)
    os.mkfifo(media / "pipe")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_json"),
        (b"\xff", "application/json", 400, "bad_json"),
        (b"[" * 100_000, "application/json", 400, "bad_json"),
        (b"[]", "application/json", 422, "nothing_to_read"),
        (b"{}", "application/json", 422, "nothing_to_read"),
        (b'{"path":1}', "application/json", 422, "nothing_to_read"),
        (b'{"path":"a","base64":"b"}', "application/json", 422, "nothing_to_read"),
        (b'{"base64":"%%%"}', "application/json", 422, "bad_base64"),
        (b'{"base64":""}', "application/json", 422, "empty_file"),
        (b"x", "text/plain", 415, "unsupported_body"),
        (b"", "", 415, "unsupported_body"),
        (b"x", "multipart/form-data", 400, "bad_form"),
        (b"x", "multipart/form-data; boundary=b", 400, "bad_form"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422, "nothing_to_read"),
    ],
)
def test_a_bad_request_says_how_to_ask(
    body: bytes, content_type: str, status: int, code: str, program: Program
) -> None:
    headers = {"content-type": content_type} if content_type else {}

    assert_problem(program.client.post("/scan", content=body, headers=headers), status, code)


def test_other_addresses_and_methods_answer_in_the_same_shape(program: Program) -> None:
    assert_problem(program.client.get("/nowhere"), 404, "no_such_address")
    assert_problem(program.client.get("/scan"), 405, "wrong_method")


def test_a_file_of_the_allowed_size_is_read(program: Program) -> None:
    content = blank_png(5_000, 5_000)

    answer = program.upload(content)

    assert answer.status_code == 200
    assert answer.json()["pages"][0]["width"] == 5_000


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"status", "code", "message", "hint"}
    assert answer.json()["status"] == status
    assert answer.json()["message"].endswith(".")
    assert answer.json()["hint"]
