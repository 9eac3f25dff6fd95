"""The examples of the flow format are flows: they pass the check, and their cases hold."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import limits
from flows.check import check
from flows.document import DOCUMENT_KEYS
from flows.references import ROOTS
from flows.simulate import run_cases
from nodes.catalogue import kinds
from runtime.cli import app

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "flow-format.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = re.findall(r"^alir (flow .*)$", TEXT, re.M)
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("id: ")[1].split()[0])
def test_an_example_has_no_problem_and_its_cases_hold(example: str) -> None:
    report = check(example, kinds())

    assert [found.message for found in report.problems] == []
    assert report.document is not None
    results = run_cases(report.document)
    assert results
    assert [(result.name, result.failures) for result in results if not result.passed] == []


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2
    assert len(COMMANDS) == 4


@pytest.mark.parametrize("command", COMMANDS, ids=lambda line: line.split("#")[0].split()[1])
def test_a_command_of_the_page_works_as_it_is_written(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PAGE.parent.parent)
    words = re.split(r" {4,}", command)[0]  # what it does stands behind it

    done = CliRunner().invoke(app, shlex.split(words))

    assert done.exit_code == 0, done.output
    if " run " in words:
        assert int(re.findall(r"(\d+) messages", done.output)[0]) > 10, done.output


def test_every_key_and_every_root_of_a_reference_is_named() -> None:
    named = set(re.findall(r"\w+", TEXT))

    assert set(DOCUMENT_KEYS) <= named
    assert set(ROOTS) <= named


def test_the_limits_are_the_real_ones() -> None:
    told = TEXT.partition("## Limits")[2]

    for number in (
        limits.TEXT_BYTES_MAX // 1024,
        limits.NODES_MAX,
        limits.TRIGGERS_MAX,
        limits.TESTS_MAX,
        limits.DEPTH_MAX,
    ):
        assert re.search(rf"\b{number}\b", told), number
