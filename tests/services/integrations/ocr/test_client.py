import threading
from collections.abc import Iterator

import pytest

from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError
from tests.support import ocr_stub
from tests.support.ocr_stub import OcrStub, health_of, scan_of


@pytest.fixture
def stub() -> Iterator[OcrStub]:
    with ocr_stub.running() as running:
        yield running


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "struk.png"
    path.write_bytes(b"\x89PNG of some kind")
    return path


def failed(call, *arguments) -> OcrError:
    with pytest.raises(OcrError) as error:
        call(*arguments)
    return error.value


def test_a_file_of_the_shared_folder_is_only_named(stub, picture):
    found = client.scan_stored(stub.url, "1/struk.png", picture, 5)

    assert stub.scans == [{"path": "1/struk.png"}]
    assert (found.text, found.pages, found.language, found.engine) == (
        "TOTAL 25.000",
        1,
        "id",
        "stub",
    )
    (line,) = found.lines
    assert (line.text, line.confidence, line.page, line.box[2]) == ("TOTAL 25.000", 0.9, 1, (9, 5))


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "file_not_found"), (403, "not_permitted"), (403, "outside_media_folder")],
)
def test_a_file_that_the_program_does_not_see_is_sent_to_it(stub, picture, status, code):
    stub.answers = [(status, {"status": status, "code": code, "message": "no", "hint": ""}, {})]

    assert client.scan_stored(stub.url, "1/struk.png", picture, 5).text == "TOTAL 25.000"

    assert [set(scan) for scan in stub.scans] == [{"path"}, {"bytes", "body"}]
    assert b'name="file"; filename="struk.png"' in stub.scans[1]["body"]
    assert b"\x89PNG of some kind" in stub.scans[1]["body"]


def test_the_confidence_of_a_scan_is_that_of_its_letters(stub, picture):
    stub.scan = scan_of("")
    assert client.scan_file(stub.url, picture, 5).confidence == 0.0
    stub.scan = scan_of("abcdefgh", "ij")
    stub.scan["lines"][0]["confidence"], stub.scan["lines"][1]["confidence"] = 1.0, 0.5

    assert client.scan_file(stub.url, picture, 5).confidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("status", "headers", "temporary", "retry_after_s"),
    [
        (503, {"Retry-After": "5"}, True, 5),
        (503, {}, True, None),
        (503, {"Retry-After": "soon"}, True, None),
        (429, {"Retry-After": "999999"}, True, 3600),
        (502, {}, True, None),
        (413, {}, False, None),
        (415, {}, False, None),
        (422, {}, False, None),
        (500, {}, False, None),
        (504, {}, False, None),
        (504, {"Retry-After": "15"}, True, 15),
    ],
)
def test_an_answer_says_whether_to_come_again(
    stub, picture, status, headers, temporary, retry_after_s
):
    problem = {"status": status, "code": "why", "message": "It can't.", "hint": "Do this."}
    stub.answers = [(status, problem, headers)]

    error = failed(client.scan_stored, stub.url, "1/a.png", picture, 5)

    assert (error.code, error.message, error.hint) == ("why", "It can't.", "Do this.")
    assert (error.temporary, error.retry_after_s) == (temporary, retry_after_s)
    assert len(stub.scans) == 1


def test_a_program_that_is_away_or_hangs_is_asked_again_later(stub, picture, monkeypatch):
    away = failed(client.scan_file, ocr_stub.closed_address(), picture, 5)
    assert (away.code, away.temporary) == ("unreachable", True)
    assert "make setup-ocr" in away.hint
    monkeypatch.setattr(client, "SLACK_S", 0.0)
    stub.gate.clear()

    late = failed(client.scan_file, stub.url, picture, 0.05)

    assert (late.code, late.temporary) == ("timeout", True)


def test_a_stored_picture_is_waited_for_longer_as_nobody_watches(stub, picture, monkeypatch):
    monkeypatch.setattr(client, "SLACK_S", 0.0)
    stub.gate.clear()

    late = failed(client.scan_stored, stub.url, "1/a.png", picture, 0.02)

    assert (late.code, late.temporary) == ("timeout", True)
    monkeypatch.setattr(client, "BUSY_TIMES", 1_000)
    threading.Timer(0.2, stub.gate.set).start()
    assert client.scan_stored(stub.url, "1/a.png", picture, 0.02).text == "TOTAL 25.000"


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"",
        [],
        {},
        {**scan_of("a"), "text": None},
        {**scan_of("a"), "lines": [{"text": "a"}]},
        {**scan_of("a"), "lines": 5},
        {**scan_of("a"), "pages": "many"},
        b" " * 200,
    ],
)
def test_an_answer_of_an_unknown_shape_is_no_scan(stub, picture, document, monkeypatch):
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 1_000)
    stub.answers = [(200, document, {})]

    error = failed(client.scan_file, stub.url, picture, 5)

    assert (error.code, error.temporary) == ("bad_answer", False)


def test_an_answer_without_end_is_cut_off(stub, picture, monkeypatch):
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 1_000)
    stub.answers = [(200, b"{" + b" " * 100_000, {})]

    assert failed(client.scan_file, stub.url, picture, 5).code == "bad_answer"


@pytest.mark.parametrize("url", ["ocr:5000", "ftp://ocr", "http://", "nonsense", "http://[::1"])
def test_an_address_that_is_none_is_said_to_be(picture, url):
    error = failed(client.scan_file, url, picture, 5)

    assert (error.code, error.temporary) == ("bad_url", False)
    assert "ALIR_OCR_URL" in error.hint


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>Welcome to nginx</html>"),
        (200, {}),
        (200, {"status": "ok"}),
        (200, {"service": "ocr", "status": "ready"}),
        (200, {"service": "ocr", "status": "ready", "engine": ""}),
        (200, {"service": "ocr", "status": "up", "engine": "stub"}),
        (200, {"status": "ready", "engine": "stub"}),
        (200, {"service": "search", "status": "ready", "engine": "stub"}),
        (200, []),
        (404, {"detail": "Not Found"}),
        (500, b""),
    ],
)
def test_another_program_at_the_address_is_not_taken_for_the_reader(stub, answer):
    stub.health = answer

    error = failed(client.health, stub.url)

    assert (error.code, error.temporary) == ("not_the_reader", False)
    assert stub.url in error.message
    assert "--ocr-port" in error.hint


def test_health_is_what_the_program_says(stub):
    assert client.health(stub.url).ready
    stub.health = (503, health_of("models_missing", "no det"))

    found = client.health(f"{stub.url}/")

    assert (found.ready, found.said, found.engine) == (False, "no det", "stub")
    assert failed(client.health, ocr_stub.closed_address()).code == "unreachable"
