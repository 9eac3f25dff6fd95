import json
from collections.abc import Iterator

import pytest

from runtime.cli.ocr import MAX_BYTES, read
from runtime.cli.up_state import held
from services.kit.errors import Invalid, TooLarge, Unavailable
from tests.support import ocr_stub
from tests.support.ocr_stub import OcrStub, scan_of
from tests.support.pictures import picture


@pytest.fixture
def stub(monkeypatch, tmp_path) -> Iterator[OcrStub]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "struk.png").write_bytes(picture())
    with ocr_stub.running() as running:
        monkeypatch.setenv("ALIR_OCR_URL", running.url)
        yield running


def test_prints_the_text_of_a_file(stub, tmp_path, capsys):
    stub.scan = scan_of("TOKO MAJU", "TOTAL 25.000")

    assert read(tmp_path / "struk.png") == 0

    assert capsys.readouterr().out == "TOKO MAJU\nTOTAL 25.000\n"


def test_asks_the_reader_of_the_installation_that_runs(stub, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ALIR_OCR_URL", ocr_stub.closed_address())
    monkeypatch.setenv("ALIR_VAR", str(tmp_path))
    with held(tmp_path) as hold:
        hold.tell(ocr_url=stub.url)

        assert read(tmp_path / "struk.png") == 0

    assert capsys.readouterr().out == "TOTAL 25.000\n"
    with pytest.raises(Unavailable):
        read(tmp_path / "struk.png")


def test_tells_programs_all_of_it(stub, tmp_path, capsys):
    assert read(tmp_path / "struk.png", as_json=True) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["text"], told["pages"], told["confidence"]) == ("TOTAL 25.000", 1, 0.9)
    assert told["lines"][0]["box"] == [[0, 0], [9, 0], [9, 5], [0, 5]]


def test_says_when_there_is_no_text_or_no_file(stub, tmp_path, capsys):
    stub.scan = scan_of("")
    assert read(tmp_path / "struk.png") == 0
    assert "no text" in capsys.readouterr().err
    assert read(tmp_path / "none.png") == 2
    assert "there is no file" in capsys.readouterr().err


def test_says_why_a_file_is_not_read(stub, tmp_path, monkeypatch):
    problem = {"code": "password_pdf", "message": "The PDF is locked.", "hint": "Unlock it."}
    stub.answers = [(422, problem, {})]
    with pytest.raises(Invalid) as locked:
        read(tmp_path / "struk.png")
    assert (locked.value.code, locked.value.hint) == ("password_pdf", "Unlock it.")

    (tmp_path / "large.pdf").write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(TooLarge):
        read(tmp_path / "large.pdf")

    monkeypatch.setenv("ALIR_OCR_URL", ocr_stub.closed_address())
    with pytest.raises(Unavailable) as away:
        read(tmp_path / "struk.png")
    assert "make setup-ocr" in away.value.hint
