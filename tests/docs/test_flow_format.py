"""The examples of the flow format are flows: they pass the check, and their cases hold."""

import re
from pathlib import Path

import pytest

from flows import limits
from flows.check import check
from flows.document import DOCUMENT_KEYS
from flows.references import ROOTS
from flows.simulate import run_cases
from nodes.catalogue import kinds

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "flow-format.md"
TEXT = PAGE.read_text(encoding="utf-8")
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
