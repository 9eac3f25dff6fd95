"""A document compiles once: parameters put in, references made fast, every problem told."""

import pytest

from flows.engine.halts import Ended, Sending
from flows.engine.plan import PlanError, compile_plan
from flows.engine.step import advance, begin
from tests.flows.engine.kit import KINDS, context, document, plan, run

SCHEMA = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "x-lang": "text", "default": "{Halo|Hai} [nama]"},
        "low": {"type": "integer", "default": 5, "minimum": 3},
        "high": {"type": "integer", "default": 20},
        "secret": {"type": "string", "format": "secret-ref"},
    },
}


def outputs(compiled, node, **more):
    """What a node gave, as its trace says it."""
    steps = []
    state = begin(compiled, "go", trigger=more.pop("trigger", None))
    advance(compiled, state, context(**more), trace=steps)
    return next(step.outputs for step in steps if step.node == node)


def test_parameters_are_put_in_once_with_their_defaults():
    nodes = {"a": {"type": "say", "with": {"text": {"$": "params.message"}}}}

    compiled = plan(nodes, params=SCHEMA)
    assert compiled.nodes["a"].bind is None
    assert compiled.nodes["a"].params.text == "{Halo|Hai} [nama]"
    compiled = plan(nodes, {"message": "Promo"}, params=SCHEMA)
    assert compiled.nodes["a"].params.text == "Promo"


@pytest.mark.parametrize(
    ("value", "trigger", "read"),
    [
        ("plain", {}, "plain"),
        ({"$": "trigger.text"}, {"text": "hai"}, "hai"),
        ({"$": "trigger.deep.a.b"}, {"deep": {"a": {"b": 1}}}, 1),
        ({"$": "trigger.list.1"}, {"list": ["x", "y"]}, "y"),
        ({"$": "trigger.nothing.at.all"}, {}, None),
        ({"$": ["trigger.ocr", "trigger.text"]}, {"text": "b"}, "b"),
        ({"$": ["trigger.ocr", "trigger.text"]}, {"ocr": "a", "text": "b"}, "a"),
        ({"$": ["trigger.ocr", "params.low"]}, {}, 5),
        ({"$": ["params.nope", "trigger.text"]}, {"text": "b"}, "b"),
        ({"$": ["params.low", "trigger.text"]}, {"text": "b"}, 5),
        ({"$": "params.low"}, {}, 5),
        ({"$": "params"}, {}, {"message": "{Halo|Hai} [nama]", "low": 5, "high": 20}),
        ([{"$": "trigger.text"}, "x", {"$": "params.low"}], {"text": "b"}, ["b", "x", 5]),
        ({"k": {"$": "trigger.text"}, "l": [1]}, {"text": "b"}, {"k": "b", "l": [1]}),
        ({"$": "now.hour"}, {}, 10),
        ({"$": "now.weekday"}, {}, 1),
        ({"$": "run.id"}, {}, 7),
        ({"$": "trigger"}, {"a": {"$": "trigger.b"}}, {"a": {"$": "trigger.b"}}),
    ],
)
def test_values_are_literals_or_typed_references(value, trigger, read):
    compiled = plan(
        {"a": {"type": "shape", "with": {"read": value}}}, None, params={**SCHEMA, "required": []}
    )

    assert outputs(compiled, "a", trigger=trigger)["read"] == read


@pytest.mark.parametrize("field", ["text", "note", "like"])
def test_a_value_that_is_not_known_at_compile_time_is_a_leaf(field):
    from domain.text import parse, seeded
    from services.kit.templates import render

    wild = "{a|b} [nama] {{ 7*7 }} {% raw %} \\ | {#"
    given = {"text": "x", **{field: {"$": "trigger.wild"}}}
    compiled = plan({"a": {"type": "say", "with": given}})

    found = outputs(compiled, "a", trigger={"wild": wild})[field]

    if field == "note":
        assert render(found, {}) == wild
    else:
        assert parse(found).render({"nama": "Sari"}, seeded("s")) == wild


def test_fields_known_only_at_run_time_are_checked_at_each_step():
    nodes = {"a": {"type": "shape", "with": {"port": {"$": "trigger.port"}}}}
    compiled = plan(nodes)

    assert run(compiled, {"port": "blocked"}) == Ended("succeeded", "a.blocked")
    assert run(compiled, {}) == Ended("succeeded")  # nothing there: the default
    halt = run(compiled, {"port": ["x"]})
    assert isinstance(halt, Ended)
    assert (halt.status, halt.reason) == ("failed", "bad_params")


def test_an_optional_input_that_is_not_there_has_its_default():
    nodes = {
        "a": {
            "type": "need",
            "with": {"value": {"$": "trigger.a"}, "other": {"$": "trigger.b"}},
        }
    }

    assert outputs(plan(nodes), "a") == {"value": None, "other": "other"}


@pytest.mark.parametrize(
    ("pace", "gap"),
    [
        (None, (0.0, 0.0)),
        ({"min": 5, "max": 20}, (5.0, 20.0)),
        ({"min": "1m"}, (60.0, 60.0)),
        ({"max": 7}, (7.0, 7.0)),
        ({"min": {"$": "params.low"}, "max": {"$": "params.high"}}, (5.0, 20.0)),
        ({"min": {"$": "trigger.low"}, "max": 20}, (8.0, 20.0)),
    ],
)
def test_the_pace_of_a_node_reaches_its_messages(pace, gap):
    compiled = plan({"a": {"type": "send", "with": {"to": "1"}, "pace": pace}}, None, params=SCHEMA)

    halt = run(compiled, {"low": 8})

    assert isinstance(halt, Sending)
    assert (halt.message.gap_min_s, halt.message.gap_max_s) == gap


def test_the_pace_of_one_node_is_not_that_of_the_next():
    compiled = plan(
        {
            "a": {"type": "shape", "pace": {"min": 5, "max": 9}, "next": {"ok": "b"}},
            "b": {"type": "send", "with": {"to": "1"}},
        }
    )

    halt = run(compiled)

    assert isinstance(halt, Sending)
    assert halt.message.gap_max_s == 0


@pytest.mark.parametrize(
    ("nodes", "more", "problems"),
    [
        ({"a": {"type": "nope"}}, {}, [("unknown_type", "/nodes/a/type")]),
        (
            {"a": {"type": "shape", "next": {"ok": "b"}}},
            {},
            [("no_target", "/nodes/a/next/ok")],
        ),
        ({"a": {"type": "need"}}, {}, [("missing_input", "/nodes/a/with")]),
        (
            {"a": {"type": "shape", "with": {"port": 5, "gvie": {}}}},
            {},
            [("bad_value", "/nodes/a/with/port"), ("bad_value", "/nodes/a/with/gvie")],
        ),
        (
            {"a": {"type": "test", "with": {"test": {"==": [{"$": "trigger.x"}, 1]}}}},
            {},
            [("dynamic_condition", "/nodes/a/with/test")],
        ),
        (
            {"a": {"type": "shape", "with": {"read": {"$": "not a path"}}}},
            {},
            [("bad_reference", "/nodes/a/with/read")],
        ),
        (
            {"a": {"type": "shape", "next": {"ok": "b"}}, "b": {"type": "shape", "within": "a"}},
            {},
            [("wrong_container", "/nodes/a/next/ok"), ("bad_within", "/nodes/b/within")],
        ),
        (
            {
                "a": {"type": "each", "with": {"items": []}, "next": {"each": "b"}},
                "b": {"type": "shape", "next": {"ok": "a"}},
            },
            {},
            [("wrong_container", "/nodes/a/next/each")],
        ),
        (
            {"a": {"type": "shape", "pace": {"min": 9, "max": 5}}},
            {},
            [("bad_pace", "/nodes/a/pace")],
        ),
        (
            {"a": {"type": "shape"}},
            {"params": {"type": "object", "required": ["x"], "properties": {"x": {}}}},
            [("bad_param", "/params")],
        ),
        (
            {"a": {"type": "shape"}, "b": {"type": "nope"}, "c": {"type": "nope"}},
            {"start": "zzz"},
            [
                ("no_target", "/triggers/go/next"),
                ("unknown_type", "/nodes/b/type"),
                ("unknown_type", "/nodes/c/type"),
            ],
        ),
    ],
)
def test_what_cannot_be_compiled_is_told_whole(nodes, more, problems):
    with pytest.raises(PlanError) as caught:
        compile_plan(document(nodes, **more), find=KINDS.get)

    assert sorted((found.code, found.path) for found in caught.value.problems) == sorted(problems)
    assert all(found.message for found in caught.value.problems)


def test_parameters_may_stand_inside_a_condition():
    rule = {"==": [{"var": "trigger.x"}, {"$": "params.low"}]}
    compiled = plan({"a": {"type": "test", "with": {"test": rule}}}, None, params=SCHEMA)

    assert compiled.nodes["a"].params.test == {"==": [{"var": "trigger.x"}, 5]}


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ({"$": "steps.a.x"}, {"a"}),
        ({"$": ["trigger.x", "steps.b"]}, {"b"}),
        ({"var": "steps.a.x"}, {"a"}),
        ({"var": ["steps.b.x", 0]}, {"b"}),
        ({"var": ""}, {"a", "b"}),
        ({"var": {"cat": ["steps.", "a"]}}, {"a", "b"}),
        ("Halo {{ steps.a.text }} dan {{ steps['b'].text }}", {"a", "b"}),
        ("kami punya dua steps", {"a", "b"}),
        ("tanpa langkah", set()),
        ({"deep": [{"deeper": {"$": "steps.a.x"}}]}, {"a"}),
        ({"$": "params.template"}, {"b"}),
    ],
)
def test_only_steps_that_somebody_reads_are_kept(field, kept):
    compiled = plan(
        {
            "a": {"type": "shape", "next": {"ok": "b"}},
            "b": {"type": "shape", "next": {"ok": "c"}},
            "c": {"type": "naps", "next": {"ok": "d"}},
            "d": {"type": "shape", "with": {"read": field}},
        },
        None,
        params={"properties": {"template": {"default": "{{ steps.b.x }}"}}},
    )
    state = begin(compiled, "go")

    advance(compiled, state, context())

    assert set(state.steps) == kept


def test_what_was_read_already_is_dropped_when_the_run_stands_still():
    compiled = plan(
        {
            "a": {"type": "shape", "with": {"give": {"to": "62811"}}, "next": {"ok": "b"}},
            "b": {"type": "send", "with": {"to": {"$": "steps.a.to"}}, "next": {"ok": "c"}},
            "c": {"type": "shape"},
        }
    )
    state = begin(compiled, "go")

    assert isinstance(advance(compiled, state, context()), Sending)
    assert state.steps == {}


def test_a_trigger_whose_optional_parameter_is_left_out_is_closed():
    from nodes import catalogue

    doc = document({"a": {"type": "shape"}}, params={"properties": {"at": {"type": "string"}}})
    doc = doc.model_validate(
        {
            **doc.model_dump(by_alias=True, exclude_unset=True),
            "triggers": {
                "now": {"type": "start", "next": "a"},
                "later": {"type": "shape", "with": {"port": {"$": "params.at"}}, "next": "a"},
                "off": {"type": "start", "disabled": True, "next": "a"},
            },
        }
    )
    compiled = compile_plan(doc, find=lambda name: KINDS.get(name) or catalogue.find(name))

    assert {name: entry.disabled for name, entry in compiled.entries.items()} == {
        "now": False,
        "later": False,  # its form has a default
        "off": True,
    }
