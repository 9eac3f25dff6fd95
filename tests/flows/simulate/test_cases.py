"""A document's test cases hold or say what did not."""

import pytest

from flows.simulate import run_cases
from tests.flows.engine.kit import KINDS, document

NODES = {
    "cek": {"type": "test", "with": {"test": True}, "next": {"match": "kirim", "else": "tutup"}},
    "kirim": {
        "type": "send",
        "with": {"to": {"$": "trigger.chat_id"}, "text": {"$": "chat.greeting"}},
    },
    "tutup": {"type": "ends", "with": {"status": "skipped"}},
}
GIVEN = {"trigger": {"chat_id": "62811"}, "context": {"chat": {"greeting": "hai"}}}


def failures(expect, given=None, **more):
    case = {"name": "kasus", "given": given or GIVEN, "expect": expect, **more}
    (result,) = run_cases(document(NODES, tests=[case]), find=KINDS.get)
    return list(result.failures)


@pytest.mark.parametrize(
    "expect",
    [
        {"ran": ["cek", "kirim"], "not_run": ["tutup"]},
        {"sends": [{"to": "62811", "text": "hai", "device": "toko"}]},
        {"sends": 1, "status": "succeeded"},
    ],
)
def test_a_case_that_holds_says_nothing(expect):
    assert failures(expect) == []


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"ran": ["tutup"]}, ["tutup did not run"]),
        ({"not_run": ["kirim"]}, ["kirim ran"]),
        ({"sends": 0}, ["1 messages would be sent, not 0"]),
        ({"sends": []}, ["1 messages would be sent, not 0"]),
        ({"sends": [{"text": "halo"}]}, ["send 1: text is 'hai', not 'halo'"]),
        ({"sends": [{"txt": "halo"}]}, ["send 1: a message has no 'txt'"]),
        ({"status": "skipped"}, ["it ended as succeeded, not as skipped"]),
        ({"counts": {"cek": {"ok": 1}}}, ["counts of cek: ok is 0, not 1"]),
        ({"vars": {"x": 1}}, ["variable: x is None, not 1"]),
    ],
)
def test_a_case_that_does_not_hold_says_why(expect, said):
    assert failures(expect) == said


def test_a_run_that_fails_is_no_success_unless_that_was_expected():
    given = {**GIVEN, "pins": {"cek": {"port": "error", "message": "patah"}}}

    assert failures({"sends": 0}, given) == ["it ended as failed: patah"]
    assert failures({"sends": 0, "status": "failed"}, given) == []


@pytest.mark.parametrize(
    ("given", "more", "said"),
    [
        ({"pins": {"nobody": {}}}, {}, "a pin names no node of this flow: nobody"),
        ({"context": {"contacts": [1]}}, {}, "this world can't be read"),
        ({"now": "soon"}, {}, "soon"),
        (GIVEN, {"trigger": "nobody"}, "no trigger 'nobody'"),
    ],
)
def test_a_case_that_cannot_run_is_a_failure_of_the_case(given, more, said):
    (found,) = failures({"sends": 0}, given, **more)

    assert said in found


def test_a_flow_that_does_not_compile_fails_its_cases():
    doc = document({"a": {"type": "nothing"}}, tests=[{"name": "k", "expect": {"sends": 0}}])

    (result,) = run_cases(doc, find=KINDS.get)

    assert result.failures == ("/nodes/a/type: there is no node type 'nothing'",)
    assert not result.passed
    assert result.as_json()["simulation"] is None
