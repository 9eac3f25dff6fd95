"""Rules that hold for every file of the project."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("domain", "services", "nodes", "flows", "runtime", "sandbox", "ocr", "migrations")
PLACES = re.compile(
    rb"/(?:work|root|home/\w+|Users/\w+|opt/py\w+)/"  # somebody's machine
    rb"|//(?:pypi|files|registry|pypi\.python)\.(?:pythonhosted|npmjs|org|python)"
    rb"|registry\.(?:npmjs|yarnpkg)\b|pythonhosted\.org|pypi\.org|--(?:extra-)?index-url|--find-links"
)
MEASURES_THEM = {"tests/architecture/test_files.py"}


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("not a git work tree")
        pytest.skip("not a git work tree")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_every_module_opens_with_a_sentence() -> None:
    silent = []
    for path in modules():
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")
        if not first[0].strip() or not re.search(r"[.!?]$|\w$", first[0].strip()):
            silent.append(str(path.relative_to(ROOT)))

    assert silent == []


def test_no_folder_of_tests_is_a_package() -> None:
    """A package named like one of ours would hide it from the tests."""
    assert [str(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    named = [
        name
        for name in tracked()
        if name not in MEASURES_THEM and PLACES.search((ROOT / name).read_bytes())
    ]

    assert named == []


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "requirements-ocr.lock"]
)
def test_every_locked_package_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert "://" not in text
    for block in re.split(r"\n(?=\w)", text.strip()):
        assert re.match(r"[\w.\[\]-]+==", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_no_folder_hides_a_module_of_the_standard_library() -> None:
    import sys

    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}

    assert not folders & sys.stdlib_module_names
