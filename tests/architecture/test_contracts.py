"""The import contracts of pyproject.toml hold, and the programs of their own stand alone."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("runtime", "flows", "nodes", "services", "domain")
ALONE = ("ocr", "sandbox")

QUERIES = {"delete", "insert", "select", "text", "union", "union_all", "update"}
MAY_QUERY = (
    "*/repository.py",
    # Answers kept for repeated requests: a table of the kit, by tenant and key.
    "services/kit/idempotency.py",
    # The outbox and what every worker claims: rows of all tenants, in the order they are due.
    "services/kit/outbox.py",
    "services/messages/*.py",
    "services/campaigns/progress.py",
    # Batches inside the transaction that heard a message: who answers, and who opted out.
    "services/chats/takeover.py",
    "services/blacklist/opt_out.py",
    "services/devices/links.py",
    "services/webhooks/*.py",
    "runtime/*",
    # The audience of a campaign is frozen with one INSERT ... SELECT for each chunk.
    "services/contacts/audience.py",
    # What a worker takes in: whole batches, of every tenant that was written to.
    "services/chats/intake.py",
    "services/contacts/identities.py",
    "services/contacts/merging.py",
)


def sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def imports(path: Path) -> list[tuple[int, str, str]]:
    """(line, module, name) of every import; the name is empty for `import module`."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.lineno, node.module, alias.name) for alias in node.names]
    return found


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_the_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", ALONE)
def test_a_program_of_its_own_imports_nothing_of_the_rest_and_nothing_imports_it(
    program: str,
) -> None:
    others = {*PRODUCT, *ALONE, "migrations"} - {program}
    outward = [
        where(path, line)
        for path in sources(program)
        for line, module, _ in imports(path)
        if module.split(".")[0] in others
    ]
    inward = [
        where(path, line)
        for path in sources(*others)
        for line, module, _ in imports(path)
        if module.split(".")[0] == program
    ]

    assert outward == []
    assert inward == []


def names(*packages: str) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in sources(*packages)]


def test_queries_stand_in_repositories_and_the_named_exceptions() -> None:
    stray = [
        f"{file}:{line}"
        for file in names(*PRODUCT)
        if not any(fnmatchcase(file, pattern) for pattern in MAY_QUERY)
        for line, module, name in imports(ROOT / file)
        if module.split(".")[0] == "sqlalchemy" and name in QUERIES
    ]

    assert stray == []


def test_an_exception_that_nobody_needs_is_not_named() -> None:
    files = names(*PRODUCT)

    assert [one for one in MAY_QUERY if not any(fnmatchcase(file, one) for file in files)] == []
