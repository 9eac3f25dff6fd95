"""What a person sends comes back as text, through the real engine."""

import base64
import json
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw, ImageFont

from bench.ocr import character_error_rate
from tests.ocr.conftest import FIXTURES, Program
from tests.ocr.documents import blank_png, pdf, text_pdf

pytestmark = [pytest.mark.ocr, pytest.mark.xdist_group("ocr")]
TRUTH = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", TRUTH, ids=lambda case: case["file"])
def test_a_picture_is_read_with_hardly_an_error(case: dict[str, str], program: Program) -> None:
    answer = program.scan(case["file"]).json()

    assert character_error_rate(case["text"], answer["text"]) <= 0.01
    assert answer["language"] == case["language"]
    assert answer["confidence"] > 0.9
    assert (answer["engine"], answer["model"]) == ("paddleocr", "tiny")
    assert answer["milliseconds"] > 0


def test_lines_come_in_reading_order_with_boxes_inside_the_page(program: Program) -> None:
    answer = program.scan("small-chat-dark-id.png").json()

    assert answer["text"] == "\n".join(line["text"] for line in answer["lines"])
    assert answer["text"] == TRUTH[0]["text"]
    (page,) = answer["pages"]
    tops = []
    for line in answer["lines"]:
        assert line["page"] == 1
        assert 0.6 <= line["confidence"] <= 1
        for x, y in line["box"]:
            assert -5 <= x <= page["width"] + 5
            assert -5 <= y <= page["height"] + 5
        tops.append(line["box"][0][1])
    assert tops == sorted(tops)


def test_a_turned_page_says_so_and_its_boxes_lie_where_the_text_stands(program: Program) -> None:
    answer = program.scan("small-receipt-turned-id.png").json()

    (page,) = answer["pages"]
    assert page["turned_degrees"] == 90
    assert page["width"] > page["height"]
    title = answer["lines"][0]
    assert title["text"] == "TOKO SUMBER REJEKI"
    across = [x for x, _ in title["box"]]
    down = [y for _, y in title["box"]]
    assert min(across) > 0.85 * page["width"]  # what was the top is the right edge now
    assert max(down) - min(down) > 3 * (max(across) - min(across))


def test_all_ways_to_send_a_file_give_one_text(program: Program, tmp_path: Path) -> None:
    name = "small-chat-light-en.jpg"
    content = (FIXTURES / name).read_bytes()
    encoded = base64.b64encode(content).decode()
    answers = [
        program.scan(name),
        program.scan(str(program.media / name)),
        program.upload(content),
        program.client.post("/scan", json={"base64": encoded}),
        program.client.post("/scan", json={"base64": f"data:image/jpeg;base64,{encoded}"}),
        program.client.post("/scan", data={"path": name}, files={"other": b"x"}),
    ]

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert len({answer.json()["text"] for answer in answers}) == 1


def test_a_pdf_with_text_is_not_drawn_but_taken_at_its_word(program: Program) -> None:
    content = text_pdf("Daftar harga untuk bulan ini\nBeras 78.500", "Page two has words as well")

    answer = program.upload(content).json()

    assert answer["text"] == (
        "Daftar harga untuk bulan ini\nBeras 78.500\n\nPage two has words as well"
    )
    assert [page["source"] for page in answer["pages"]] == ["text-layer", "text-layer"]
    assert [line["page"] for line in answer["lines"]] == [1, 1, 2]
    assert answer["confidence"] == 1
    assert (answer["pages"][0]["width"], answer["pages"][0]["height"]) == (1653, 2339)
    (left, top), _, (right, bottom), _ = answer["lines"][0]["box"]
    assert 150 < left < 180
    assert 120 < top < bottom < 190
    assert left < right < 1653


def test_a_pdf_page_with_hardly_any_text_is_drawn_and_read(program: Program) -> None:
    answer = program.upload(text_pdf("Rp 350.000")).json()

    assert answer["text"] == "Rp 350.000"
    assert answer["pages"][0]["source"] == "engine"


@pytest.mark.parametrize(
    "content",
    [blank_png(300, 200), blank_png(3, 2), pdf([b""])],
    ids=["blank picture", "six pixels", "blank page"],
)
def test_a_page_without_text_is_an_empty_text(content: bytes, program: Program) -> None:
    answer = program.upload(content)

    assert answer.status_code == 200
    assert answer.json()["text"] == ""
    assert answer.json()["confidence"] == 0
    assert answer.json()["language"] == "unknown"


@pytest.mark.parametrize(
    ("color", "size"),
    [
        ("white", (600, 120)),
        ("yellow", (600, 120)),
        ("black", (600, 120)),
        ("white", (3_000, 1_600)),
    ],
)
def test_letters_on_a_transparent_ground_are_read_dark_or_light(
    color: str, size: tuple[int, int], program: Program
) -> None:
    picture, written = Image.new("RGBA", size), BytesIO()
    font = ImageFont.load_default(60)
    ImageDraw.Draw(picture).text((20, 30), "Diskon besar", color, font)
    picture.save(written, "PNG")

    assert program.upload(written.getvalue()).json()["text"] == "Diskon besar"


def test_two_at_once_are_both_answered(program: Program) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        names = ["small-chat-dark-id.png", "small-transfer-id.jpg"]
        first, second = pool.map(program.scan, names)

    assert "4471" in first.json()["text"]
    assert "Transfer Berhasil" in second.json()["text"]


def test_health_names_the_engine_and_its_reader(program: Program) -> None:
    found = program.wait_until_ready()

    assert (found["engine"], found["model"], found["queue_max"]) == ("paddleocr", "tiny", 8)
    assert found["running_and_waiting"] == 0
    assert Path(f"/proc/{found['reader_pid']}").exists()


def test_only_the_reader_holds_engines_and_both_stay_small(program: Program) -> None:
    reader = program.wait_until_ready()["reader_pid"]

    def libraries(pid: int) -> str:
        return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")

    def memory_mb(pid: int) -> int:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    assert "onnxruntime" in libraries(reader)
    for engine in ("onnxruntime", "cv2", "numpy", "pdfium"):
        assert engine not in libraries(program.pid)
    assert memory_mb(reader) + memory_mb(program.pid) <= 650


def test_the_page_to_try_it_needs_nothing_from_elsewhere(program: Program) -> None:
    page = program.client.get("/docs")
    named = [word for word in page.text.split('"') if word.startswith(("/", "http"))]

    assert len(named) == 4
    for address in named:
        assert address.startswith("/docs/")
        assert program.client.get(address).status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    described = program.client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.0.")
    assert set(described["paths"]) == {"/scan", "/health"}
    assert '"null"' not in json.dumps(described)
    assert program.client.get("/docs/swagger-ui.js.map").status_code == 404


def test_the_second_engine_reads_the_same(tmp_path: Path) -> None:
    from tests.ocr.conftest import started

    with started(tmp_path, OCR_ENGINE="rapidocr") as other:
        other.wait_until_ready()
        case = next(one for one in TRUTH if one["file"] == "small-chat-light-en.jpg")
        answer: httpx.Response = other.upload((FIXTURES / case["file"]).read_bytes())

    assert character_error_rate(case["text"], answer.json()["text"]) <= 0.01
    assert (answer.json()["engine"], answer.json()["model"]) == ("rapidocr", "small")
