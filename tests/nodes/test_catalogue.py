"""The catalogue as a whole: every node describes itself, has a test, and keeps to the design."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nodes import catalogue
from nodes.contract import NodeKind

TESTS = Path(__file__).parent

KINDS = [kind for kind in catalogue.kinds() if kind.run.__module__.startswith("nodes.")]
"""Those of the product; tests elsewhere may declare kinds of their own."""

EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)

# The ways out that flows are written against; `error` is checked apart. Ports from a form are "*".
PORTS = {
    "broadcast": "next",
    "message": "next",
    "link-click": "next",
    "webhook": "next",
    "schedule": "next",
    "manual": "next",
    "contact-event": "next",
    "spintax": "ok",
    "template": "ok",
    "set-variables": "ok",
    "extract": "matched unmatched",
    "condition": "match else",
    "switch": "* else",
    "keyword-match": "matched unmatched",
    "split-traffic": "*",
    "for-each": "each done",
    "repeat": "each done",
    "join": "done timeout",
    "call-flow": "ok",
    "stop": "",
    "select-contacts": "ok empty",
    "blacklist-check": "clear blocked",
    "opt-out-check": "none opt_out ask_back",
    "tag-contact": "ok",
    "save-contact": "ok",
    "block-contact": "ok",
    "pick-device": "ok none",
    "pick-target": "ok none",
    "wait": "ok",
    "wait-until": "ok",
    "wait-for-reply": "replied timeout",
    "send-waha": "ok skipped unknown",
    "send-media": "ok skipped unknown",
    "send-menu": "* invalid timeout",
    "show-typing": "ok",
    "mark-seen": "ok",
    "hand-to-human": "ok outside_hours",
    # The design names `ok` alone; a send can also be skipped, or end unknown.
    "notify-owner": "ok skipped unknown",
    "ocr": "ok empty",
    "rag-answer": "ok ask_back no_context quota",
    "ask-model": "ok quota",
    "classify": "* unsure",
    "http-request": "ok",
    "respond": "",
    "redirect": "ok",
    "record-click": "ok",
}

# Nothing of these may come from a reference, or nothing comes after them.
CANNOT_FAIL = {
    "broadcast",
    "message",
    "link-click",
    "webhook",
    "schedule",
    "manual",
    "contact-event",
    "split-traffic",
    "stop",
    "respond",
}


@EVERY_KIND
def test_has_a_test_of_its_own_name(kind: NodeKind):
    name = kind.kind.replace("-", "_")

    assert kind.run.__module__ == f"nodes.{kind.group}.{name}"
    assert (TESTS / kind.group / f"test_{name}.py").is_file()


@EVERY_KIND
def test_leaves_by_the_ports_of_the_design(kind: NodeKind):
    designed = PORTS[kind.kind].split()
    declared = [port for port in kind.gives if port != "error"]

    assert declared == [port for port in designed if port != "*"]
    assert (kind.ports_from is not None) == ("*" in designed)
    assert ("error" in kind.gives) == (kind.kind not in CANNOT_FAIL)
    assert len(set(kind.gives)) == len(kind.gives)
    assert set(kind.required_ports) <= set(kind.gives)


@EVERY_KIND
def test_says_what_it_does_in_both_languages(kind: NodeKind):
    assert kind.title.strip()
    assert kind.title_id.strip()
    for words in (kind.doc, kind.doc_id):
        lines = [line for line in words.splitlines() if line.strip()]
        assert 3 <= len(lines) <= 9, words
        assert max(map(len, lines)) <= 100
    for port in kind.gives:
        if port in ("error", "ok", "else", "done", "next", "each"):
            continue
        assert f"`{port}`" in kind.doc, port
        assert f"`{port}`" in kind.doc_id, port


@EVERY_KIND
def test_stands_in_a_group_and_declares_its_outputs(kind: NodeKind):
    words = {
        "string",
        "integer",
        "number",
        "boolean",
        "object",
        "array",
        "datetime",
        "cursor",
        "any",
    }

    assert kind.group in catalogue.GROUPS
    assert kind.trigger == (kind.group == "triggers")
    assert set(kind.outputs.values()) <= words
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in kind.outputs)


def _fields(schema):
    """Every field of a form, those of its parts included."""
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {}).items()


@EVERY_KIND
def test_titles_every_field_of_its_form_in_both_languages(kind: NodeKind):
    from nodes.describe import form_schema

    schema = form_schema(kind)

    Draft202012Validator.check_schema(schema)
    for name, field in _fields(schema):
        for word in ("title", "title_id", "description", "description_id", "x-widget"):
            assert field.get(word, "").strip(), f"{name} has no {word}"
        assert field.get("x-lang") in (None, "text", "jinja", "jsonlogic", "expression")


def test_finds_a_kind_by_name_and_version():
    assert catalogue.find("send-waha") is catalogue.find("send-waha@1")
    assert catalogue.find("send-waha@2") is None
    assert catalogue.find("send-waha@x") is None
    assert catalogue.find("send-wa") is None
    newest = catalogue.newest("send-waha")
    assert newest is not None
    assert newest.name == "send-waha@1"
    assert catalogue.newest("send-wa") is None


def test_lists_kinds_in_the_order_of_the_palette():
    order = [catalogue.GROUPS.index(kind.group) for kind in KINDS]

    assert order == sorted(order)
    assert len(KINDS) >= 36
