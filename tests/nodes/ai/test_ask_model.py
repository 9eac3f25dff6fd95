"""Ask model: the fields it was asked for, and answers that are none."""

import pytest

from nodes.ai.ask_model import AskModel, ask_model
from nodes.contract import NodeError
from tests.nodes.world import World, context


def test_a_model_fills_in_the_fields_it_was_asked_for_and_no_others():
    world = World(said={"ask": {"text": "", "data": {"kota": "Solo", "lain": 1}}})
    params = AskModel(instructions="Cari", fields={"kota": "kota tujuan", "jumlah": "berapa"})

    found = ask_model(params, context(world), text="kirim ke Solo")

    assert found.values["data"] == {"kota": "Solo", "jumlah": None}


def test_a_model_that_gives_no_fields_is_an_error():
    with pytest.raises(NodeError, match="no fields"):
        ask_model(
            AskModel(instructions="Cari", fields={"kota": "kota"}),
            context(World(said={"ask": {"text": "Solo"}})),
            text="x",
        )
