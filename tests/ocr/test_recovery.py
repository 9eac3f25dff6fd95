"""After a kill, and without models, the program says where it stands and comes back."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.ocr.conftest import FIXTURES, ROOT, Program, children_of, started

pytestmark = [pytest.mark.ocr, pytest.mark.xdist_group("ocr")]
PICTURE = (FIXTURES / "small-chat-light-en.jpg").read_bytes()


def test_a_killed_reader_is_replaced_and_the_waiting_image_is_read(program: Program) -> None:
    before = program.wait_until_ready()["reader_pid"]

    os.kill(before, signal.SIGKILL)
    answer = program.upload(PICTURE)

    assert answer.status_code == 200
    assert "see you then" in answer.json()["text"]
    assert program.wait_until_ready()["reader_pid"] != before


def test_a_killed_program_takes_its_reader_along_and_serves_again_when_started(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as first:
        port = int(first.address.rpartition(":")[2])
        (reader,) = children_of(first.pid)
        gone = threading.Event()
        os.kill(first.pid, signal.SIGKILL)
        for _ in range(500):
            if not Path(f"/proc/{reader}").exists() or is_zombie(reader):
                gone.set()
                break
            gone.wait(0.02)
        assert gone.is_set()

    assert len(list(tmp_path.glob("ocr-*"))) == 1  # nobody was left to clear it
    with started(tmp_path, port=port) as second:
        assert second.upload(PICTURE).status_code == 200
        assert len(list(tmp_path.glob("ocr-*"))) == 1
        log = (tmp_path / "log").read_text(encoding="utf-8")
        assert log == f"ocr ready on {second.address}\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "media"]


def test_missing_models_are_named_and_found_once_they_are_there(tmp_path: Path) -> None:
    models = tmp_path / "models"
    prepared = ROOT / ".venv-ocr" / "share" / "ocr-models"
    with started(tmp_path, OCR_MODELS_DIR=str(models)) as program:
        for _ in range(100):
            health = program.client.get("/health")
            if health.status_code == 503:
                break
            threading.Event().wait(0.05)
        answer = program.upload(PICTURE)

        assert health.json()["status"] == "models_missing"
        assert "PP-OCRv6_tiny_det" in health.json()["detail"]
        assert (answer.status_code, answer.json()["code"]) == (503, "models_missing")
        assert int(answer.headers["retry-after"]) > 0

        shutil.copytree(prepared, models)
        program.wait_until_ready()
        assert program.upload(PICTURE).status_code == 200


@pytest.mark.parametrize(
    "variables",
    [
        {"OCR_ENGINE": "guess"},
        {"OCR_MODEL": "../tiny"},
        {"OCR_ENGINE": "rapidocr", "OCR_MODEL": "tiny"},
        {"OCR_QUEUE_MAX": "many"},
        {"OCR_TIME_LIMIT_S": "0"},
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(
    variables: dict[str, str], program: Program
) -> None:
    done = subprocess.run(
        [ROOT / ".venv-ocr" / "bin" / "python", "-m", "ocr", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert list(variables)[-1] in done.stderr


def is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
