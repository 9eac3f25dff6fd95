"""The pages for people are true: what they name exists, and what they link to is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|yaml|csv|toml|md|yml|sql|sh))(?:::(\w+))?`")
WRITTEN_ELSEWHERE = {"docs/reliability.md", "docs/performance.md"}
"""Pages that belong to other parts of the project and may come later."""


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    missing = []
    for target in LINK.findall(text(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        found = (here / target).resolve()
        if not found.exists() and found.relative_to(ROOT).as_posix() not in WRITTEN_ELSEWHERE:
            missing.append(target)

    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_function_named_in_code_exists(page: str) -> None:
    missing = []
    for path, name in PATH.findall(text(page)):
        if "<" in path or path in WRITTEN_ELSEWHERE or path.startswith("var/"):
            continue
        if not (ROOT / path).exists():
            missing.append(path)
        elif name and name not in defined(ROOT / path):
            missing.append(f"{path}::{name}")

    assert missing == []


def defined(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_the_map_names_every_service() -> None:
    services = {
        path.name
        for path in (ROOT / "services").iterdir()
        if path.is_dir() and (path / "__init__.py").exists()
    }

    told = set(re.findall(r"`services/(\w+)", text("ARCHITECTURE.md")))

    assert services <= told


def test_the_life_of_a_message_names_tables_that_exist() -> None:
    from migrations.tables import metadata

    life = text("ARCHITECTURE.md").partition("## The life")[2].partition("## Processes")[0]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", life))

    assert named
    assert named <= set(metadata().tables)
