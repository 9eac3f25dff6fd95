"""What docs/ocr.md tells to type works, and answers what it says."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ocr.settings import Settings
from tests.ocr.conftest import FIXTURES, ROOT, Program

PAGE = (ROOT / "docs" / "ocr.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```\s+```json\n(.*?)```", PAGE, re.DOTALL)


def test_every_example_has_its_answer() -> None:
    assert len(EXAMPLES) == PAGE.count("```sh") == PAGE.count("```json") >= 5


@pytest.mark.ocr
@pytest.mark.xdist_group("ocr")
@pytest.mark.parametrize(("command", "answer"), EXAMPLES)
def test_an_example_works_as_written(command: str, answer: str, program: Program) -> None:
    program.wait_until_ready()
    done = subprocess.run(
        [
            "bash",
            "-e",
            "-o",
            "pipefail",
            "-c",
            command.replace("http://127.0.0.1:5000", program.address),
        ],
        cwd=FIXTURES,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert_holds(json.loads(done.stdout), json.loads(answer))


def test_every_code_and_setting_is_explained() -> None:
    problems = (ROOT / "ocr" / "problems.py").read_text(encoding="utf-8")
    settings = (ROOT / "ocr" / "settings.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'^        "([a-z_]+)",$', problems, re.MULTILINE))
    variables = set(re.findall(r"OCR_[A-Z_]+", settings))

    assert len(codes) > 10
    assert len(variables) == len(Settings.__slots__)
    assert [name for name in sorted(codes | variables) if f"`{name}`" not in PAGE] == []


def assert_holds(actual: Any, told: Any) -> None:
    """Objects hold the fields told, lists begin with the elements told."""
    if isinstance(told, dict):
        assert isinstance(actual, dict)
        for name, value in told.items():
            assert_holds(actual[name], value)
    elif isinstance(told, list):
        assert len(actual) >= len(told)
        for one, value in zip(actual, told, strict=False):
            assert_holds(one, value)
    else:
        assert actual == told


def test_the_pictures_of_the_tests_stay_small() -> None:
    pictures = [file for file in FIXTURES.iterdir() if file.suffix in (".png", ".jpg")]

    assert len(pictures) == 4
    assert sum(file.stat().st_size for file in FIXTURES.iterdir()) <= 200_000
    assert Path(FIXTURES, "truth.json") in FIXTURES.iterdir()
