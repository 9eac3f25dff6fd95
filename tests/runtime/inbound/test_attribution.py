"""The first message of a chat that began with a link says which click it was."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from domain.click_codes import encode
from runtime.links import drain, journal
from runtime.links.journal import Journal
from services.rotators.clicks import notes
from services.rotators.clicks.click import Click
from services.rotators.models import LinkRotator, RotatorClick
from tests.runtime.inbound.floor import Floor

CODE = encode(123_456_789)


def link(floor: Floor, *, clicked: bool = True) -> None:
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
        if clicked:
            source = {"utm_source": "ig"}
            assert notes.note(connection, 1, "promo", "628110000001", source, CODE, now)


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


@pytest.mark.sql
def test_who_writes_before_the_click_is_drained_gets_it_and_nobody_after(
    any_floor: Floor, tmp_path: Path
) -> None:
    link(any_floor, clicked=False)
    any_floor.answers()
    written = Journal(tmp_path)
    click = Click(
        tenant_id=1,
        rotator_id=1,
        journal="",
        journal_offset=0,
        redirected_to="628110000001",
        code=CODE,
        visitor="v",
        is_counted=True,
        ip_address=None,
        user_agent=None,
        referer=None,
        source={"utm_source": "ig"},
        clicked_at=any_floor.lab.now,
    )
    written.append(drain.payload(click))

    any_floor.say(f"halo #{CODE}")
    any_floor.settle()
    with written.path.open("rb") as file:
        drain.some(any_floor.database, file, journal.name_of(written.path), 0, 10)
    written.close()
    any_floor.say(f"halo #{CODE}", "6281200000002@c.us")
    any_floor.settle()

    first, second = any_floor.contacts()
    (row,) = any_floor.rows(RotatorClick)
    assert (row.contact_id, row.converted_at is not None) == (first.id, True)
    assert (first.source, first.metadata["utm_source"]) == ("link:promo", "ig")
    assert second.source == "inbound"
