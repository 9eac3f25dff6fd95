"""The page of licences says what the installed packages say."""

import subprocess

import pytest

from tests.ocr.conftest import PYTHON, ROOT

PAGE = ROOT / "ocr" / "LICENSES.md"


@pytest.mark.ocr
def test_the_page_is_what_the_environment_says_now() -> None:
    if not PYTHON.exists():
        pytest.skip("needs `make setup-ocr`")
    done = subprocess.run(
        [PYTHON, "-c", "import sys; from ocr.licenses import page; sys.stdout.write(page())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout == PAGE.read_text(encoding="utf-8")


def test_every_locked_package_is_named_and_the_image_brings_the_page() -> None:
    lock = (ROOT / "requirements-ocr.lock").read_text(encoding="utf-8")
    locked = {line.partition("==")[0] for line in lock.splitlines() if line[:1].isalnum()}
    text = PAGE.read_text(encoding="utf-8")

    assert len(locked) > 50
    assert [name for name in sorted(locked) if f"| {name} |" not in text] == []
    assert "COPY ocr ocr" in (ROOT / "ocr" / "Dockerfile").read_text(encoding="utf-8")
