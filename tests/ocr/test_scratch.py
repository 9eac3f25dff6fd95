"""A program's own folder goes with it, and what killed ones left goes with the next."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ocr.scratch import LOCK, scratch_folder

ROOT = Path(__file__).resolve().parent.parent.parent
KILLED = """
import os, signal, sys
from ocr.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "cache").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_there_until_the_end(temporary: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == temporary
        (folder / "file").write_text("x")

    assert list(temporary.iterdir()) == []


def test_what_a_killed_program_left_is_removed_by_the_next(temporary: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        check=False,
        timeout=30,
    )
    left = list(temporary.iterdir())

    with scratch_folder() as folder:
        assert list(temporary.iterdir()) == [folder]

    assert done.returncode == -signal.SIGKILL
    assert len(left) == 1


def test_folders_in_use_and_those_of_others_stay(temporary: Path) -> None:
    (temporary / "ocr-without-a-lock").mkdir()
    (temporary / "ocr-a-file").touch()
    (temporary / "elsewhere").mkdir()
    (temporary / "elsewhere" / LOCK).write_text("1")
    (temporary / "ocr-link").symlink_to(temporary / "elsewhere")
    (temporary / "ocr-being-made").mkdir()
    (temporary / "ocr-being-made" / LOCK).touch()
    (temporary / "ocr-of-another").mkdir()
    (temporary / "ocr-of-another" / LOCK).symlink_to(temporary / "elsewhere" / LOCK)
    before = sorted(temporary.iterdir())

    with scratch_folder() as first, scratch_folder() as second:
        assert sorted(temporary.iterdir()) == sorted([*before, first, second])

    assert sorted(temporary.iterdir()) == before


def test_a_lock_is_let_go_only_at_the_end(temporary: Path) -> None:
    with (
        scratch_folder() as folder,
        (folder / LOCK).open("r+") as lock,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
