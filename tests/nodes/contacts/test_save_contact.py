"""Save contact: who is saved, under which name, with which fields."""

import pytest

from nodes.contacts.save_contact import SaveContact, pretend, save_contact
from nodes.contract import NodeError
from tests.nodes.world import World, context


def test_saves_the_number_the_name_and_the_fields():
    world = World()
    params = SaveContact(fields={"kota": " Solo ", "poin": 3, "lama": ""})

    found = save_contact(params, context(world), phone="0811-1222-333", name="  Budi   Santoso ")

    assert world.saved == [
        ("628111222333", "Budi Santoso", {"kota": "Solo", "poin": 3, "lama": None})
    ]
    assert found.values["contact"]["name"] == "Budi Santoso"


def test_leaves_the_name_alone_when_there_is_none():
    world = World()

    save_contact(SaveContact(), context(world), phone="628111", name="  ")

    assert world.saved == [("628111", None, {})]


def test_pretends_without_saving_and_shows_what_it_would_be():
    world = World()

    found = pretend(SaveContact(fields={"kota": None, "baju": "L"}), context(world), phone="628111")

    assert world.saved == []
    assert found.values["contact"]["name"] == "Sari"
    assert found.values["contact"]["fields"] == {"baju": "L"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kota": ["Solo"]}, "bad_field"),
        ({"kota": {"a": 1}}, "bad_field"),
        ({"kota": "x" * 1_001}, "field_too_long"),
    ],
)
def test_refuses_values_that_are_no_field(fields, code):
    with pytest.raises(NodeError) as refused:
        save_contact(SaveContact(fields=fields), context(), phone="628111")

    assert refused.value.code == code


@pytest.mark.parametrize("name", ["", "[nama]", "a|b", " kota", "x" * 61])
def test_refuses_names_of_fields_that_no_message_could_show(name):
    with pytest.raises(ValueError, match="fields"):
        SaveContact(fields={name: 1})
