"""Hot statements do what the same statements do through SQLAlchemy, on every database."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from services.accounts.models import Tenant
from services.kit.statements import Hot

NOW = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
tenants = Tenant.__table__
ADD = Hot(insert(tenants))
READ = Hot(
    select(tenants.c.id, tenants.c.name, tenants.c.profile, tenants.c.created_at)
    .where(tenants.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(tenants.c.id)
)
RENAME = Hot(
    update(tenants)
    .where(tenants.c.id == bindparam("tenant"), tenants.c.zone == bindparam("only"))
    .values(name=bindparam("called"), profile=bindparam("known"), is_active=False)
)


def _rows(count):
    return [
        {
            "id": number,
            "name": f"Toko {number - 100}",
            "zone": "Asia/Jakarta" if number % 2 else "Asia/Makassar",
            "profile": {"nomor": number - 100},
            "is_active": True,
            "created_at": NOW,
        }
        for number in range(101, 101 + count)
    ]


def test_values_come_back_as_they_went_in(any_database):
    with any_database.write() as connection:
        ADD.many(connection, _rows(3))
        found = READ.all(connection, {"ids": [101, 103, 107]})

    assert [(row.id, row.name, row.profile, row.created_at) for row in found] == [
        (101, "Toko 1", {"nomor": 1}, NOW),
        (103, "Toko 3", {"nomor": 3}, NOW),
    ]


def test_many_updates_change_the_rows_that_still_fit_and_no_other(any_database):
    with any_database.write() as connection:
        ADD.many(connection, _rows(4))
        RENAME.many(
            connection,
            [
                {
                    "tenant": number,
                    "only": "Asia/Jakarta",
                    "called": f"Baru {number - 100}",
                    "known": k,
                }
                for number, k in ((101, {}), (102, {"x": 1}), (103, {"x": "a|b'\\"}))
            ],
        )
        found = READ.all(connection, {"ids": [101, 102, 103, 104]})

    assert [(row.name, row.profile) for row in found] == [
        ("Baru 1", {}),
        ("Toko 2", {"nomor": 2}),
        ("Baru 3", {"x": "a|b'\\"}),
        ("Toko 4", {"nomor": 4}),
    ]


def test_a_row_that_collides_raises_what_sqlalchemy_raises(any_database):
    with any_database.write() as connection:
        ADD.many(connection, _rows(1))

    with pytest.raises(IntegrityError), any_database.write() as connection:
        ADD.many(connection, _rows(1))


def test_an_empty_list_is_refused(any_database):
    with any_database.read() as connection, pytest.raises(ValueError, match="may not be empty"):
        READ.all(connection, {"ids": []})


def _add_and_fail(database):
    with database.write() as connection:
        ADD.many(connection, _rows(2))
        raise RuntimeError


def test_a_failed_transaction_keeps_nothing(any_database):
    with pytest.raises(RuntimeError):
        _add_and_fail(any_database)

    with any_database.read() as connection:
        assert READ.all(connection, {"ids": [101, 102]}) == []


def test_a_list_of_pairs_finds_exactly_these_pairs(any_database):
    pairs = Hot(
        select(tenants.c.id)
        .where(
            tuple_(tenants.c.zone, tenants.c.created_at).in_(bindparam("pairs", expanding=True)),
            tenants.c.id.in_(bindparam("ids", expanding=True)),
        )
        .order_by(tenants.c.id)
    )
    with any_database.write() as connection:
        ADD.many(connection, _rows(5))
        asked = [("Asia/Jakarta", NOW), ("Asia/Makassar", NOW.replace(year=2025)), ("-", NOW)]

        assert pairs.scalars(connection, {"pairs": asked, "ids": [101, 102, 103]}) == [101, 103]
        assert pairs.scalars(connection, {"pairs": asked[1:], "ids": [101, 102]}) == []
