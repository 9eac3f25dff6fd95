"""The document model: short forms made plain, unknown keys refused."""

import pytest
from pydantic import ValidationError

from flows.document import DOCUMENT_KEYS, NODE_KEYS, TRIGGER_KEYS, Document, NodeDoc, TriggerDoc
from flows.references import Ref


def small(**more):
    return {
        "flow": "alir/1",
        "kind": "broadcast",
        "id": "promo",
        "name": "Promo",
        "triggers": {"mulai": {"type": "broadcast", "next": "akhir"}},
        "nodes": {"akhir": {"type": "stop"}},
        **more,
    }


@pytest.mark.parametrize("next_", ["b", ["b"], {"next": "b"}, {"next": ["b"]}])
def test_a_trigger_leads_to_nodes_however_it_is_written(next_):
    assert TriggerDoc.model_validate({"type": "manual", "next": next_}).next == ("b",)


def test_a_node_is_read_with_durations_in_seconds_and_targets_as_tuples():
    node = NodeDoc.model_validate(
        {
            "type": "send-waha@1",
            "with": {"to": {"$": "item.phone"}},
            "next": {"ok": "a", "error": ["b", "c"]},
            "timeout": "30s",
            "retry": {"max": 2, "base": "1m30s", "only": ["timeout"]},
            "pace": {"min": {"$": "params.delay_min"}, "max": 20},
        }
    )

    assert node.next == {"ok": ("a",), "error": ("b", "c")}
    assert node.timeout_s == 30.0
    assert node.retry is not None
    assert node.retry.base_s == 90.0
    assert node.pace is not None
    assert (node.pace.min_s, node.pace.max_s) == (Ref(("params.delay_min",)), 20.0)
    assert node.with_ == {"to": {"$": "item.phone"}}


def test_a_document_without_the_optional_parts_is_whole():
    document = Document.model_validate(small())

    assert document.mode == "durable"
    assert document.limits.run is None
    assert document.tests == ()


@pytest.mark.parametrize(
    "broken",
    [
        small(flow="alir/2"),
        small(kind="blast"),
        small(id="Promo Gajian"),
        small(nodes={"Akhir": {"type": "stop"}}),
        small(nodes={"akhir": {"type": "Stop Now"}}),
        small(nodes={"akhir": {"type": "stop", "nxt": {}}}),
        small(limits={"quiet_hours": {"from": "20:00", "to": "8"}}),
    ],
)
def test_a_document_of_another_shape_is_refused(broken):
    with pytest.raises(ValidationError):
        Document.model_validate(broken)


@pytest.mark.parametrize(
    ("model", "keys"), [(Document, DOCUMENT_KEYS), (NodeDoc, NODE_KEYS), (TriggerDoc, TRIGGER_KEYS)]
)
def test_the_fixed_order_names_every_key_of_the_model(model, keys):
    assert tuple(field.alias or name for name, field in model.model_fields.items()) == keys
