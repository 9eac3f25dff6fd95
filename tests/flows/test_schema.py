"""The JSON Schema of documents: sound itself, and strict where the check is."""

import copy
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from flows.schema import flow_schema
from flows.yaml_text import load
from nodes.catalogue import kinds

TEMPLATES = sorted(Path("flows/templates").glob("*.yaml"))


@pytest.fixture(scope="module")
def schema():
    return flow_schema(kinds())


@pytest.fixture(scope="module")
def validator(schema):
    return Draft202012Validator(schema)


def test_it_is_a_valid_schema_of_draft_2020_12(schema):
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_shipped_template_fits_it(validator, path):
    document = load(path.read_text(encoding="utf-8")).document

    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document)] == []


def without(*path):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


def setting(value, *path):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        setting("spintaks", "nodes", "pesan", "type"),
        setting("broadcast", "nodes", "pesan", "type"),
        setting({"clear": "pesan", "claer": "pesan"}, "nodes", "cek_blokir", "next"),
        setting({"text": 5}, "nodes", "pesan", "with"),
        setting({"txt": "x"}, "nodes", "pesan", "with"),
        setting({"type": "stop"}, "nodes", "yes"),
        setting({"type": "stop"}, "nodes", "Big Id"),
        setting("soon", "nodes", "pesan", "timeout"),
        setting({"$": "not a path"}, "nodes", "pesan", "with", "text"),
        without("nodes", "kirim", "with", "to"),
        without("nodes", "kirim", "with"),
        without("flow"),
        setting(1, "unknown"),
    ],
)
def test_a_wrong_document_does_not_fit(validator, change):
    document = load(Path("flows/templates/broadcast.yaml").read_text(encoding="utf-8")).document
    assert validator.is_valid(document)
    broken = copy.deepcopy(document)
    change(broken)

    assert not validator.is_valid(broken)


def test_every_kind_has_titles_in_both_languages_and_a_branch(schema):
    branches = [*schema["$defs"]["NodeDoc"]["allOf"], *schema["$defs"]["TriggerDoc"]["allOf"]]

    titled = {branch["then"]["title"]: branch["then"]["title_id"] for branch in branches}
    assert titled == {kind.title: kind.title_id for kind in kinds()}
    text = schema["$defs"]["spintax@1"]["properties"]["text"]
    assert (text["x-lang"], text["x-widget"]) == ("text", "message")
    assert text["title_id"] == "Pesan"
    assert schema["properties"]["nodes"]["title_id"] == "Langkah"
    ports = branches[[b["then"]["title"] for b in branches].index("Spintax")]["then"]["properties"]
    assert ports["next"]["properties"]["ok"]["x-port"] == "ok"
