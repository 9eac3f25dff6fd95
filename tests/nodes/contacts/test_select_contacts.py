import pytest

from nodes.contacts.select_contacts import SelectContacts, select_contacts
from nodes.contract import Go, NodeError
from tests.nodes.world import World, context


@pytest.mark.parametrize(
    ("form", "selector"),
    [
        ({"tags_any": [" VIP ", "VIP", ""]}, {"tags_any": ["VIP"]}),
        ({"segment": "aktif", "tags_none": ["stop"]}, {"segment": "aktif", "tags_none": ["stop"]}),
        ({"phones": ["0812-3456-7890", "6281234567890"]}, {"phones": ["6281234567890"]}),
        ({"everyone": True}, {}),
        ({"everyone": True, "tags_none": ["stop"]}, {"tags_none": ["stop"]}),
    ],
)
def test_leaves_by_ok_with_a_cursor_and_the_number_of_people(form, selector):
    world = World(people=3)

    answer = select_contacts(SelectContacts(**form), context(world))

    assert answer == Go("ok", {"cursor": {"kind": "audience", **selector}, "count": 3})
    assert world.asked == [selector]


def test_leaves_by_empty_when_nobody_fits():
    answer = select_contacts(SelectContacts(tags_any=["VIP"]), context(World(people=0)))

    assert (answer.port, answer.values["count"]) == ("empty", 0)


@pytest.mark.parametrize("form", [{}, {"tags_any": [" "]}, {"tags_none": ["stop"]}])
def test_never_takes_an_empty_choice_for_everyone(form):
    world = World(people=500)

    with pytest.raises(NodeError, match="No contacts are chosen") as refused:
        select_contacts(SelectContacts(**form), context(world))

    assert refused.value.code == "no_selection"
    assert world.asked == []


def test_names_the_number_that_is_none():
    with pytest.raises(NodeError, match=r"phones: '08112' is no WhatsApp number\. Digits are"):
        select_contacts(SelectContacts(phones=["08112"]), context())
