"""Who a selection means: by tags, numbers and activity, in chunks, and never another tenant's."""

from typing import Any

import pytest
from sqlalchemy import update

from services.contacts import audience
from services.contacts.models import Contact
from tests.conftest import Shop


@pytest.mark.parametrize(
    ("selector", "people"),
    [
        ({}, ["a", "b", "ab"]),
        ({"tags_any": ["A"]}, ["a", "ab"]),
        ({"tags_any": ["A", "B"]}, ["a", "b", "ab"]),
        ({"tags_all": ["A", "B"]}, ["ab"]),
        ({"tags_none": ["A"]}, ["b"]),
        ({"tags_any": ["A"], "tags_none": ["B"]}, ["a"]),
        ({"tags_any": ["unheard of"]}, []),
    ],
)
def test_a_selection_means_those_with_its_tags(
    shop: Shop, other_shop: Shop, selector: dict[str, Any], people: list[str]
) -> None:
    database = shop.world.database
    (a,), (b,), (ab,) = shop.contacts(1, "A"), shop.contacts(1, "B"), shop.contacts(1, "A")
    (gone,) = shop.contacts(1, "A")
    other_shop.contacts(2, "A")
    with database.write() as connection:
        tags = audience.tag_ids(connection, 1, ["B"], shop_now(), create=["B"])
        connection.execute(audience.links.insert(), {"contact_id": ab, "tag_id": tags["B"]})
        connection.execute(
            update(Contact.__table__).where(Contact.id == gone).values(is_active=False)
        )

    with database.read() as connection:
        found = [row.id for row in audience.chunk(connection, 1, selector, 0, 100)]
        count = audience.count(connection, 1, selector)

    assert found == sorted({"a": a, "b": b, "ab": ab}[name] for name in people)
    assert count == len(people)


def test_chunks_cover_everybody_once(shop: Shop) -> None:
    ids = shop.contacts(7, "A")
    found: list[int] = []
    with shop.world.database.read() as connection:
        while rows := audience.chunk(connection, 1, {}, found[-1] if found else 0, 3):
            found += [row.id for row in rows]

    assert found == ids


def test_a_segment_nobody_made_is_an_error_and_not_everybody(shop: Shop) -> None:
    shop.contacts(2, "A")
    with (
        shop.world.database.read() as connection,
        pytest.raises(audience.UnknownSelection, match="VIP"),
    ):
        audience.count(connection, 1, {"segment": "VIP"})


def shop_now() -> Any:
    from services.kit.clock import Clock

    return Clock().now()
