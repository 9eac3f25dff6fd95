"""Classify: which label a message goes by."""

import pytest

from nodes.ai.classify import Classify, classify
from tests.nodes.world import World, context

LABELS = {"komplain": "barang rusak", "harga": "tanya harga"}


@pytest.mark.parametrize(
    ("said", "port"),
    [
        ({"label": "komplain", "score": 0.6}, "komplain"),
        ({"label": "komplain", "score": 0.59}, "unsure"),
        ({"label": "pesan", "score": 0.99}, "unsure"),
        ({"label": None}, "unsure"),
    ],
)
def test_a_message_goes_the_way_of_a_label_that_is_sure_enough(said, port):
    found = classify(Classify(labels=LABELS), context(World(said={"classify": said})), text="Halo")

    assert found.port == port


@pytest.mark.parametrize("labels", [{"a": "x"}, {"unsure": "x", "b": "y"}, {"A": "x", "b": "y"}])
def test_refuses_labels_that_can_be_no_ports(labels):
    with pytest.raises(ValueError, match="Classify"):
        Classify(labels=labels)
