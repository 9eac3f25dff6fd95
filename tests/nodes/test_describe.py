"""What `GET /api/nodes` tells about a kind."""

import json

import pytest
from jsonschema import Draft202012Validator

from nodes import catalogue
from nodes.describe import UnknownKind, describe, describe_all, form_schema


def test_tells_all_that_the_designer_draws():
    told = describe("pick-device")
    form = told.pop("form")
    doc = told.pop("doc")

    assert told == {
        "kind": "pick-device",
        "version": 1,
        "group": "devices",
        "title": {"en": "Pick device", "id": "Pilih perangkat"},
        "ports": ["ok", "none", "error"],
        "ports_from_form": False,
        "required_ports": ["ok"],
        "effect": "read",
        "queue": None,
        "trigger": False,
        "container": False,
        "outputs": {"device": "string", "reason": "string"},
    }
    assert doc["en"].startswith("Choose the sending number")
    assert doc["id"].startswith("Memilih nomor pengirim")
    assert list(form["properties"]) == ["phone", "pool", "strategy", "wait_max"]


def test_marks_what_a_node_reads_and_what_must_be_there():
    form = describe("send-waha@1")["form"]
    read = [name for name, field in form["properties"].items() if field.get("x-port")]

    assert read == ["device", "to", "text", "reply_to", "recipe"]
    assert sorted(form["required"]) == ["device", "text", "to"]
    assert form["additionalProperties"] is False


@pytest.mark.parametrize(
    ("kind", "with_", "fits"),
    [
        ("send-waha", {"device": "a", "to": "628111", "text": "Halo", "delay_min": "5s"}, True),
        ("send-waha", {"device": "a", "to": "628111"}, False),
        ("send-waha", {"device": "a", "to": "628111", "text": "Halo", "delay": 5}, False),
        ("wait", {"duration": "1h 30m"}, True),
        ("wait", {"duration": "sebentar"}, False),
        ("switch", {"cases": {"a": {"==": [1, 1]}}}, True),
        ("select-contacts", {"tags_any": ["VIP"]}, True),
        ("select-contacts", {"tags_any": "VIP"}, False),
    ],
)
def test_its_form_tells_good_values_from_bad_ones(kind, with_, fits):
    assert Draft202012Validator(describe(kind)["form"]).is_valid(with_) is fits


def test_tells_all_kinds_as_plain_json():
    told = describe_all()

    assert json.loads(json.dumps(told)) == told
    assert len(told) == len(list(catalogue.kinds()))


def test_hands_out_a_form_that_may_be_changed():
    kind = catalogue.find("wait")
    form_schema(kind)["properties"].clear()

    assert form_schema(kind)["properties"]


@pytest.mark.parametrize("name", ["send-wa", "send-waha@9", ""])
def test_names_a_kind_that_does_not_exist(name):
    with pytest.raises(UnknownKind, match=f"no node type '{name}'"):
        describe(name)
