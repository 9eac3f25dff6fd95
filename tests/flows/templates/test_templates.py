"""The shipped templates: they can be published as they are, and their own cases hold."""

from pathlib import Path

import pytest

from flows.check import check
from flows.simulate import run_cases
from nodes.catalogue import kinds

FOLDER = Path(__file__).parents[3] / "flows" / "templates"
FILES = sorted(FOLDER.glob("*.yaml"))
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
CASES_LEAST = 2

SHIPPED = {
    "broadcast",
    "keyword-reply",
    "inbound-pipeline",
    "rag-reply",
    "link-rotator",
    "opt-out",
    "consent-first",
    "drip-sequence",
    "abandoned-cart",
    "payment-reminder",
    "office-hours",
    "ab-test",
    "new-lead-webhook",
    "weekly-schedule",
}


def document_of(path):
    report = check(path.read_text(encoding="utf-8"), kinds())
    assert report.document is not None, report.problems
    return report.document


def cases():
    return [
        pytest.param(path, number, id=f"{path.stem}: {case.name}")
        for path in FILES
        for number, case in enumerate(document_of(path).tests)
    ]


def test_every_template_of_the_design_is_shipped():
    assert {path.stem for path in FILES} == SHIPPED


@EVERY_FILE
def test_a_template_can_be_published_without_a_warning(path):
    report = check(path.read_text(encoding="utf-8"), kinds())

    assert [f"{found.path}: {found.message}" for found in report.problems] == []


@EVERY_FILE
def test_a_template_has_cases_that_look_at_what_is_sent_or_where_it_leads(path):
    written = document_of(path).tests

    assert len(written) >= CASES_LEAST
    for case in written:
        looks_at = case.expect.model_dump(exclude_none=True)
        assert looks_at, case.name


@pytest.mark.parametrize(("path", "number"), cases())
def test_a_case_of_a_template_holds(path, number):
    result = run_cases(document_of(path))[number]

    assert result.failures == ()


@EVERY_FILE
def test_a_case_fails_when_something_else_is_expected(path):
    document = document_of(path)
    turned = [
        case.model_copy(
            update={
                "expect": case.expect.model_copy(
                    update={"ran": case.expect.not_run, "not_run": case.expect.ran, "sends": 99}
                )
            }
        )
        for case in document.tests
    ]

    for result in run_cases(document.model_copy(update={"tests": tuple(turned)})):
        assert result.failures


@EVERY_FILE
def test_a_template_asks_in_indonesian_and_english(path):
    document = document_of(path)

    assert document.name
    assert document.description
    for name, form in (document.params or {}).get("properties", {}).items():
        assert form.get("title"), name
        assert form.get("title_en"), name


@EVERY_FILE
def test_a_template_reads_from_left_to_right(path):
    document = document_of(path)
    layout = document.ui["layout"]

    assert set(layout) == set(document.triggers) | set(document.nodes)
    assert len({tuple(place) for place in layout.values()}) == len(layout)
    for name, node in document.nodes.items():
        for port, targets in (node.next or {}).items():
            for target in [targets] if isinstance(targets, str) else targets:
                assert layout[target][0] >= layout[name][0], f"{name}.{port} -> {target}"
