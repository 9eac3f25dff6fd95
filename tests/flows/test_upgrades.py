"""Upgrades: the format in a chain of pure functions, kinds of nodes one node at a time."""

import dataclasses

import pytest

from flows.diff import Change
from flows.upgrades import UpgradeError, upgradable, upgrade_document, upgrade_node
from nodes.catalogue import find


def kind(name, version, upgrade=None):
    return dataclasses.replace(find("stop"), kind=name, version=version, upgrade=upgrade)


def renamed(form):
    return {("message" if key == "text" else key): value for key, value in form.items()}


def in_seconds(form):
    return {**form, "delay_s": form.pop("delay", 5)}


CATALOGUE = [
    kind("greet", 1),
    kind("greet", 2, renamed),
    kind("greet", 3, in_seconds),
    kind("lonely", 1),
    kind("lonely", 2),
]
DOCUMENT = {
    "flow": "alir/1",
    "nodes": {
        "sapa": {"type": "greet", "with": {"text": "Halo"}, "next": {"ok": "akhir"}},
        "baru": {"type": "greet@3", "with": {"message": "Hai", "delay_s": 1}},
        "akhir": {"type": "lonely"},
    },
}


def test_a_node_is_upgraded_version_by_version_with_a_preview():
    preview = upgrade_node(DOCUMENT, "sapa", CATALOGUE)

    assert (preview.type_before, preview.type_after) == ("greet", "greet@3")
    assert preview.changes == (
        Change("/with/text", "Halo", None),
        Change("/with/message", None, "Halo"),
        Change("/with/delay_s", None, 5),
    )
    assert preview.document["nodes"]["sapa"] == {
        "type": "greet@3",
        "with": {"message": "Halo", "delay_s": 5},
        "next": {"ok": "akhir"},
    }
    assert preview.document["nodes"]["akhir"] == DOCUMENT["nodes"]["akhir"]
    assert DOCUMENT["nodes"]["sapa"]["type"] == "greet"  # nothing is changed in place


def test_nodes_with_a_newer_version_are_listed():
    assert upgradable(DOCUMENT, CATALOGUE) == {"sapa": "greet@3", "akhir": "lonely@2"}


@pytest.mark.parametrize(
    ("node", "says"),
    [("baru", "up to date"), ("nobody", "no node"), ("akhir", "cannot take over")],
)
def test_what_cannot_be_upgraded_is_said(node, says):
    with pytest.raises(UpgradeError, match=says):
        upgrade_node(DOCUMENT, node, CATALOGUE)


def test_a_document_climbs_the_chain_of_formats():
    steps = {
        "alir/1": ("alir/2", lambda document: {"flow": "", "labels": document["tags"]}),
        "alir/2": ("alir/3", lambda document: {**document, "labels": len(document["labels"])}),
    }
    old = {"flow": "alir/1", "tags": ["a", "b"]}

    assert upgrade_document(old, steps, "alir/3") == {"flow": "alir/3", "labels": 2}
    assert old == {"flow": "alir/1", "tags": ["a", "b"]}
    assert upgrade_document(DOCUMENT) == DOCUMENT


@pytest.mark.parametrize("format_", ["alir/9", None, 1, "wa-flow/1"])
def test_a_format_from_the_future_is_refused(format_):
    with pytest.raises(UpgradeError, match="cannot read"):
        upgrade_document({"flow": format_})
