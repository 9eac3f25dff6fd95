"""The first message of a chat that began with a link says which click it was."""

import pytest
from sqlalchemy import insert

from domain.click_codes import encode
from services.rotators.clicks import notes
from services.rotators.models import LinkRotator, RotatorClick
from tests.runtime.inbound.floor import Floor

CODE = encode(123_456_789)


def link(floor: Floor) -> None:
    now = floor.lab.now
    with floor.database.write() as connection:
        connection.execute(
            insert(LinkRotator),
            {
                "tenant_id": 1,
                "slug": "promo",
                "target_numbers": [{"phone": "628110000001"}],
                "created_at": now,
                "updated_at": now,
            },
        )
        assert notes.note(connection, 1, "promo", "628110000001", {"utm_source": "ig"}, CODE, now)


@pytest.mark.sql
def test_the_code_leads_to_the_click_and_is_taken_out_of_what_flows_read(
    any_floor: Floor,
) -> None:
    link(any_floor)
    any_floor.answers()

    any_floor.say(f"harga #{CODE}")
    any_floor.settle()

    (contact,) = any_floor.contacts()
    (click,) = any_floor.rows(RotatorClick)
    (said,) = any_floor.said()
    assert any_floor.texts == ["harga"]
    assert said.content == f"harga #{CODE}"
    assert click.contact_id == contact.id
    assert click.converted_at is not None
    assert contact.metadata["utm_source"] == "ig"
    assert contact.source == "link:promo"


def test_a_forwarded_code_does_not_take_the_click_from_the_first_one(floor: Floor) -> None:
    link(floor)
    floor.answers()

    floor.say(f"halo #{CODE}")
    floor.settle()
    floor.say(f"halo #{CODE}", "6281200000002@c.us")
    floor.settle()

    first, second = floor.contacts()
    (click,) = floor.rows(RotatorClick)
    assert click.contact_id == first.id
    assert second.source == "inbound"
    assert floor.texts == ["halo", "halo"]


def test_a_code_that_is_nobodys_stays_in_the_text(floor: Floor) -> None:
    floor.answers()

    floor.say(f"harga #{CODE}")
    floor.settle()

    assert floor.texts == [f"harga #{CODE}"]
