"""A chat is matched with the click it began with, once, and its contact knows the source."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from services.accounts.models import Tenant
from services.contacts.models import Contact
from services.kit.db import Database
from services.rotators.attribution import convert, match, match_late, note_unmatched, sweep
from services.rotators.clicks import notes, repository
from services.rotators.clicks.click import Click
from services.rotators.models import HeardCode, LinkRotator, RotatorClick

pytestmark = pytest.mark.sql

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CODE = "K7M29PQX"


def add_shops(opened: Connection) -> None:
    """Two accounts with a link each, and three people of the first one."""
    for tenant_id, slug in ((1, "promo"), (2, "lain")):
        opened.execute(
            insert(Tenant),
            {
                "id": tenant_id,
                "name": "Toko",
                "zone": "Asia/Jakarta",
                "profile": {},
                "is_active": True,
                "created_at": NOW,
            },
        )
        opened.execute(
            insert(LinkRotator),
            {
                "id": tenant_id,
                "tenant_id": tenant_id,
                "slug": slug,
                "target_numbers": [],
                "created_at": NOW,
                "updated_at": NOW,
            },
        )
    opened.execute(insert(Contact), [contact(1), contact(2, source="Pameran"), contact(3)])


@pytest.fixture
def connection(any_database: Database) -> Iterator[Connection]:
    with any_database.write() as opened:
        add_shops(opened)
        repository.add(
            opened, [click(1, source={"src": "kasir", "utm_source": "ig", "gclid": "g"})]
        )
        yield opened


def contact(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "tenant_id": 1,
        "phone": f"62812000000{number:02d}",
        "source": "inbound",
        "metadata": {"kota": "Solo"},
        "is_active": True,
        "is_saved": False,
        "created_at": NOW,
        "updated_at": NOW,
        **values,
    }


def click(offset: int, **values: Any) -> Click:
    given: dict[str, Any] = {
        "tenant_id": 1,
        "rotator_id": 1,
        "journal": "j",
        "journal_offset": offset,
        "redirected_to": "6281200000001",
        "code": CODE,
        "visitor": "v",
        "is_counted": True,
        "ip_address": None,
        "user_agent": None,
        "referer": None,
        "source": {},
        "clicked_at": NOW,
        **values,
    }
    return Click(**given)


def count(connection: Connection) -> int | None:
    return connection.execute(
        select(LinkRotator.click_count).where(LinkRotator.id == 1)
    ).scalar_one()


def test_the_first_message_finds_its_click_and_loses_its_code(connection: Connection) -> None:
    found = match(connection, 1, f"Halo, mau tanya 🙏\nharga (#{CODE.lower()})")

    assert found is not None
    code, text, row = found
    assert (code, text) == (CODE, "Halo, mau tanya 🙏\nharga")
    assert (row.rotator_id, row.slug, row.source["gclid"]) == (1, "promo", "g")


@pytest.mark.parametrize(
    "text", [None, "", "Halo", "#1", "#AAAAAAAA", "#PUASA123", f"{CODE} tanpa pagar"]
)
def test_any_other_message_is_left_alone(connection: Connection, text: str | None) -> None:
    assert match(connection, 1, text) is None


def test_the_code_of_another_account_is_nothing(connection: Connection) -> None:
    assert match(connection, 2, f"#{CODE}") is None


def test_a_click_leads_to_one_chat_and_tells_the_contact_its_source(
    connection: Connection,
) -> None:
    found = match(connection, 1, f"#{CODE}")
    assert found is not None

    assert convert(connection, found.click, 1, NOW) is True
    assert convert(connection, found.click, 2, NOW + timedelta(1)) is False

    row = connection.execute(select(RotatorClick.contact_id, RotatorClick.converted_at)).one()
    assert tuple(row) == (1, NOW)
    sources = {row.id: row.source for row in connection.execute(select(Contact.id, Contact.source))}
    assert sources == {1: "link:promo", 2: "Pameran", 3: "inbound"}
    assert connection.execute(select(Contact.fields).where(Contact.id == 1)).scalar() == {
        "kota": "Solo",
        "tautan": "promo",
        "sumber": "kasir",
        "utm_source": "ig",
        "gclid": "g",
    }
    assert connection.execute(select(Contact.fields).where(Contact.id == 2)).scalar() == {
        "kota": "Solo"
    }


def test_where_a_contact_came_from_first_stays(connection: Connection) -> None:
    connection.execute(update(Contact).where(Contact.id == 2).values(fields={"sumber": "pameran"}))
    found = match(connection, 1, f"#{CODE}")
    assert found is not None

    assert convert(connection, found.click, 2, NOW) is True

    row = connection.execute(select(Contact).where(Contact.id == 2)).one()
    assert row.source == "Pameran"
    assert (row.metadata["sumber"], row.metadata["utm_source"]) == ("pameran", "ig")


def test_clicks_written_again_are_counted_once(connection: Connection) -> None:
    many = [click(1), *(click(offset, code=None) for offset in range(2, 302))]

    assert repository.add(connection, many) == 300
    assert repository.add(connection, many) == 0
    assert repository.add(connection, [click(5, journal="k", code=None)]) == 1
    assert count(connection) == 302


def test_a_code_that_is_taken_still_counts_its_click(connection: Connection) -> None:
    given = [click(2), click(3, code="AAAAAAAA"), click(4, code="AAAAAAAA")]

    assert repository.add(connection, given) == 3

    rows = connection.execute(
        select(RotatorClick.journal_offset, RotatorClick.code).order_by(RotatorClick.id)
    )
    assert [tuple(row) for row in rows] == [(1, CODE), (2, None), (3, "AAAAAAAA"), (4, None)]


def test_previews_and_clicks_of_links_that_are_gone_do_not_count(connection: Connection) -> None:
    given = [
        click(2, code=None, is_counted=False),
        click(3, code=None, rotator_id=77),
        click(4, code=None, rotator_id=2),  # another account's link
        click(5, code=None),
    ]

    assert repository.add(connection, given) == 2
    assert count(connection) == 2


def test_a_flow_notes_a_click_once(connection: Connection) -> None:
    for _ in range(2):
        assert notes.note(connection, 1, "promo", "628123", {"src": "x"}, "BBBBBBBB", NOW)

    assert not notes.note(connection, 1, "lain", "628123", {}, "CCCCCCCC", NOW)
    assert count(connection) == 2
    assert match(connection, 1, "#BBBBBBBB") is not None


EARLY = "EEEEEEEE"


def owner(connection: Connection, code: str = EARLY) -> tuple[int | None, datetime | None]:
    row = connection.execute(
        select(RotatorClick.contact_id, RotatorClick.converted_at).where(RotatorClick.code == code)
    ).one()
    return row.contact_id, row.converted_at


def test_who_wrote_a_code_before_its_click_was_known_gets_it_with_its_source(
    connection: Connection,
) -> None:
    text = f"Halo (#{EARLY}) #{EARLY} #PUASA123"
    note_unmatched(connection, [(1, text, 3), (1, "tanpa kode", 1)], NOW)
    note_unmatched(connection, [(1, f"#{EARLY}", 1), (2, f"#{EARLY}", 2)], NOW + timedelta(1))
    repository.add(connection, [click(2, code=EARLY, source={"src": "ig"})])

    assert match_late(connection, [EARLY, "AAAAAAAA"]) == 1
    assert match_late(connection, [EARLY]) == 0

    assert owner(connection) == (3, NOW)
    row = connection.execute(select(Contact).where(Contact.id == 3)).one()
    assert (row.source, row.metadata["sumber"]) == ("link:promo", "ig")


def test_the_second_person_gets_no_click_that_the_first_one_is_about_to_get(
    connection: Connection,
) -> None:
    note_unmatched(connection, [(1, f"#{EARLY}", 3)], NOW)
    repository.add(connection, [click(2, code=EARLY)])
    found = match(connection, 1, f"#{EARLY}")
    assert found is not None

    assert convert(connection, found.click, 1, NOW) is False

    assert owner(connection)[0] == 3


def test_a_message_and_its_click_that_missed_each_other_meet_later(any_database: Database) -> None:
    with any_database.write() as opened:
        add_shops(opened)
        note_unmatched(opened, [(1, f"#{EARLY}", 3), (1, "#LEBARAN1", 3)], NOW)
        repository.add(opened, [click(2, code=EARLY)])

    assert sweep(any_database, NOW + timedelta(hours=1)) == 1
    assert sweep(any_database, NOW + timedelta(hours=1)) == 0

    with any_database.read() as opened:
        assert owner(opened)[0] == 3
        assert len(opened.execute(select(HeardCode.id)).all()) == 2
    assert sweep(any_database, NOW + timedelta(days=1, seconds=1)) == 0
    with any_database.read() as opened:
        assert opened.execute(select(HeardCode.id)).all() == []
