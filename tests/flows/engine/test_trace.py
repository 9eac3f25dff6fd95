"""A trace shows what happened, within bounds and without secrets."""

import json

import pytest

from flows.engine.step import advance, begin
from flows.engine.trace import HIDDEN, RUN_BYTES_MAX, STEP_BYTES_MAX, Step, redacted, written
from tests.flows.engine.kit import context, plan


def size(entries):
    return len(json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode())


def test_every_step_is_told_with_what_went_in_and_came_out():
    compiled = plan(
        {
            "a": {"type": "shape", "with": {"read": {"$": "trigger.x"}}, "next": {"ok": "b"}},
            "b": {"type": "fails", "next": {"error": "c"}},
            "c": {"type": "naps"},
        }
    )
    steps = []

    advance(compiled, begin(compiled, "go", trigger={"x": 1}), context(), trace=steps)

    first, second, third = written(steps)
    assert first == {"node": "a", "port": "ok", "inputs": {"read": 1}, "outputs": {"read": 1}}
    assert (second["port"], second["error"]["code"]) == ("error", "not_now")
    assert third == {"node": "c", "port": None, "note": "sleeping"}


@pytest.mark.parametrize(
    "value", ["x" * 100_000, ["x" * 1000] * 1000, {str(i): "x" * 1000 for i in range(100)}]
)
def test_a_step_takes_16_kib_at_most(value):
    (entry,) = written([Step("a", "ok", {"value": value})])

    assert size(entry) <= STEP_BYTES_MAX + 64
    assert entry["cut_bytes"] > STEP_BYTES_MAX


def test_a_run_takes_256_kib_at_most():
    steps = [Step(f"n{index}", "ok", {"value": "x" * 9_000}) for index in range(100)]

    entries = written(steps)

    assert size(entries) <= RUN_BYTES_MAX + 1024
    assert len(entries) > RUN_BYTES_MAX // 10_000
    assert written(steps, used_bytes=RUN_BYTES_MAX) == []


@pytest.mark.parametrize(
    ("value", "secrets", "shown"),
    [
        ({"api_key": "k", "text": "t"}, (), {"api_key": HIDDEN, "text": "t"}),
        ({"headers": [{"Authorization": "b"}]}, (), {"headers": [{"Authorization": HIDDEN}]}),
        ({"token": None}, (), {"token": None}),
        ({"mine": "x"}, ("mine",), {"mine": HIDDEN}),
        ({"provider": "secret:ai"}, (), {"provider": HIDDEN}),
        ({"password": {"deep": 1}}, (), {"password": HIDDEN}),
    ],
)
def test_secrets_are_masked(value, secrets, shown):
    assert redacted(value, frozenset(secrets)) == shown


def test_a_node_may_keep_its_values_to_itself():
    compiled = plan({"a": {"type": "shape", "save": "none", "with": {"read": "rahasia"}}})
    steps = []

    advance(compiled, begin(compiled, "go"), context(), trace=steps)

    assert written(steps) == [{"node": "a", "port": "ok"}]


def test_what_cannot_be_written_down_does_not_break_the_run():
    (entry,) = written([Step("a", "ok", {"value": object()})])

    assert "not_shown" in entry["inputs"]
