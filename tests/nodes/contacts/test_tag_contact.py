import pytest

from nodes.contacts.tag_contact import TagContact, pretend, tag_contact
from nodes.contract import Go, NodeError
from tests.nodes.world import World, context


def test_gives_and_takes_tags():
    world = World()
    params = TagContact(add=["Lead", " Lead "], remove=["Baru"])

    assert tag_contact(params, context(world), phone="0812-3456-7890") == Go("ok")
    assert world.tagged == [("6281234567890", ["Lead"], ["Baru"])]


def test_changes_nothing_when_it_is_only_tried():
    world = World()

    assert pretend(TagContact(add=["Lead"]), context(world), phone="628111") == Go("ok")
    assert world.tagged == []


@pytest.mark.parametrize("run", [tag_contact, pretend])
@pytest.mark.parametrize(
    ("form", "phone", "code"),
    [
        ({}, "628111", "no_tags"),
        ({"add": [" "]}, "628111", "no_tags"),
        ({"add": ["VIP"], "remove": ["vip"]}, "628111", "contradicting_tags"),
        ({"add": ["VIP"]}, None, "empty_phone"),
    ],
)
def test_refuses_what_it_cannot_do(run, form, phone, code):
    with pytest.raises(NodeError) as refused:
        run(TagContact(**form), context(), phone=phone)

    assert refused.value.code == code
