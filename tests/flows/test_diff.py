"""The semantic diff: told by node id, with positions apart."""

import copy

from flows.diff import Change, EdgeChange, diff

BEFORE = {
    "flow": "alir/1",
    "name": "Promo",
    "params": {"type": "object", "properties": {"tag": {"type": "string", "default": "Lead"}}},
    "triggers": {"mulai": {"type": "broadcast", "next": "pesan"}},
    "nodes": {
        "pesan": {"type": "spintax", "with": {"text": "Halo"}, "next": {"ok": "kirim"}},
        "kirim": {
            "type": "send-waha",
            "with": {"to": "1", "typing": True},
            "next": {"ok": "akhir"},
        },
        "akhir": {"type": "stop"},
    },
    "ui": {"layout": {"pesan": [0, 0]}},
}


def test_added_removed_and_changed_nodes_are_told_with_values_and_edges():
    after = copy.deepcopy(BEFORE)
    after["nodes"]["kirim"]["type"] = "send-waha@2"
    after["nodes"]["kirim"]["with"] = {"to": "2", "typing": True}
    after["nodes"]["kirim"]["next"] = {"ok": ["akhir", "kabar"], "error": "kabar"}
    after["nodes"]["kabar"] = {"type": "notify-owner"}
    del after["nodes"]["pesan"]
    after["triggers"]["mulai"]["next"] = "kirim"

    found = diff(BEFORE, after)

    assert (found.nodes_added, found.nodes_removed) == (("kabar",), ("pesan",))
    (kirim,) = found.nodes_changed
    assert (kirim.id, kirim.type_before, kirim.type_after) == ("kirim", "send-waha", "send-waha@2")
    assert kirim.values == (Change("/with/to", "1", "2"),)
    assert kirim.edges == (EdgeChange("error", "kabar", True), EdgeChange("ok", "kabar", True))
    (mulai,) = found.triggers_changed
    assert mulai.edges == (EdgeChange("next", "pesan", False), EdgeChange("next", "kirim", True))
    assert not found.empty


def test_a_changed_param_is_told_at_its_own_place():
    after = copy.deepcopy(BEFORE)
    after["params"]["properties"]["tag"]["default"] = "VIP"

    assert diff(BEFORE, after).document == (
        Change("/params/properties/tag/default", "Lead", "VIP"),
    )


def test_a_moved_node_is_no_change_of_content():
    after = copy.deepcopy(BEFORE)
    after["ui"]["layout"]["pesan"] = [100, 0]

    found = diff(BEFORE, after)

    assert found.empty
    assert found.moved == (Change("/ui/layout/pesan", [0, 0], [100, 0]),)


def test_another_spelling_or_order_is_no_change():
    after = copy.deepcopy(BEFORE)
    after["triggers"]["mulai"]["next"] = {"next": ["pesan"]}
    after["nodes"]["pesan"]["next"] = {"ok": ["kirim"]}
    after["nodes"] = dict(reversed(after["nodes"].items()))

    assert diff(BEFORE, after).as_json()["empty"] is True
