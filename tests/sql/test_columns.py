"""What is written is read back the same, whatever the database, and compared byte by byte."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from migrations.tables import metadata
from services.accounts.models import Tenant, User
from services.contacts.models import Contact
from services.kit.db import Database, UtcDateTime

pytestmark = pytest.mark.sql

MOMENT = datetime(2040, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
NESTED = {"nama": "Sari 👍", "daftar": [1, 2.5, None, True], "dalam": {"é": "\u0000"[:0] + "ü"}}
TEXT = "Halo kak 👩‍👩‍👧, harga naïf: 5 % \\ ' \" ; --"
VALUES: list[tuple[type[sa.types.TypeEngine[Any]], Any]] = [
    (UtcDateTime, MOMENT),
    (sa.Boolean, True),
    (sa.Float, 0.1),
    (sa.SmallInteger, -32_768),
    (sa.BigInteger, 9_007_199_254_740_993),
    (sa.Integer, -2_147_483_648),
    (sa.JSON, NESTED),
    (sa.LargeBinary, bytes(range(256))),
    (sa.Text, TEXT * 100),
]


def value_for(column: sa.Column[Any]) -> Any:
    """The most awkward value that the column must keep."""
    if column.foreign_keys or (column.primary_key and isinstance(column.type, sa.Integer)):
        return 2_147_483_647
    for kind, value in VALUES:
        if isinstance(column.type, kind):
            return value
    if isinstance(column.type, sa.String):
        assert column.type.length is not None
        return (TEXT * 30)[: column.type.length - 1] + "é"
    raise AssertionError(f"no value for {column.table.name}.{column.name}: {column.type!r}")


def ignore_foreign_keys(connection: sa.Connection, database: Database) -> None:
    if not database.is_sqlite:
        connection.exec_driver_sql("SET foreign_key_checks = 0")


@pytest.fixture
def loose(any_database: Database) -> Database:
    """A database that doesn't ask whether the rows that a row points to exist."""
    if any_database.is_sqlite:
        sa.event.listen(
            any_database.engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF").close(),
        )
        any_database.engine.dispose()
    return any_database


def test_every_column_of_every_table_keeps_what_it_is_given(loose: Database) -> None:
    for table in metadata().sorted_tables:
        row = {
            column.name: value_for(column) for column in table.columns if column.computed is None
        }
        with loose.write() as connection:
            ignore_foreign_keys(connection, loose)
            connection.execute(sa.insert(table), row)
        with loose.read() as connection:
            found = connection.execute(sa.select(table)).one()._mapping
        assert {name: found[name] for name in row} == row, table.name


def test_every_nullable_column_keeps_nothing_at_all(loose: Database) -> None:
    for table in metadata().sorted_tables:
        empty = [one.name for one in table.columns if one.nullable and one.computed is None]
        row = {
            column.name: None if column.name in empty else value_for(column)
            for column in table.columns
            if column.computed is None
        }
        with loose.write() as connection:
            ignore_foreign_keys(connection, loose)
            connection.execute(sa.insert(table), row)
        with loose.read() as connection:
            found = connection.execute(sa.select(table)).one()._mapping
            # Nothing is NULL in the database too, and not the JSON word "null".
            nulls = [sa.func.count(sa.case((table.c[name].is_(None), 1))) for name in empty]
            counts = connection.execute(sa.select(sa.func.count(), *nulls).select_from(table)).one()
        assert {name: found[name] for name in row} == row, table.name
        assert set(counts) == {1}, table.name


def test_a_moment_without_a_zone_never_reaches_the_database(any_database: Database) -> None:
    naive = MOMENT.replace(tzinfo=None)

    with (
        pytest.raises(sa.exc.StatementError, match="naive"),
        any_database.write() as connection,
    ):
        connection.execute(sa.insert(Tenant), {"name": "Toko", "created_at": naive})


def test_emails_differ_by_case_and_accent_and_are_unique_as_they_stand(
    any_database: Database,
) -> None:
    tenant_id = tenant(any_database)
    for email in ("sari@toko.test", "Sari@toko.test", "sári@toko.test"):
        with any_database.session() as session:
            session.add(user(tenant_id, email))

    with any_database.read() as connection:
        same = sa.select(sa.func.count()).where(User.email == "SARI@TOKO.TEST")
        assert connection.execute(same).scalar() == 0
    with pytest.raises(IntegrityError), any_database.session() as session:
        session.add(user(tenant_id, "sari@toko.test"))


def test_emojis_are_told_apart(any_database: Database) -> None:
    tenant_id = tenant(any_database)
    with any_database.session() as session:
        for phone, name in (("62811", "👍"), ("62812", "👎")):
            session.add(
                Contact(
                    tenant_id=tenant_id,
                    phone=phone,
                    name=name,
                    created_at=MOMENT,
                    updated_at=MOMENT,
                )
            )

    with any_database.read() as connection:
        found = connection.execute(sa.select(Contact.phone).where(Contact.name == "👍"))
        assert found.scalars().all() == ["62811"]


def test_a_row_can_not_point_to_nobody(any_database: Database) -> None:
    with pytest.raises(IntegrityError), any_database.session() as session:
        session.add(user(999, "siapa@toko.test"))


def test_a_failed_transaction_leaves_nothing(any_database: Database) -> None:
    def fail(session: Session) -> None:
        session.add(Tenant(name="Toko", created_at=MOMENT))
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError), any_database.session() as session:
        fail(session)

    with any_database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(Tenant)).scalar() == 0


def tenant(database: Database) -> int:
    with database.session() as session:
        one = Tenant(name="Toko", created_at=MOMENT)
        session.add(one)
        session.flush()
        return one.id


def user(tenant_id: int, email: str) -> User:
    return User(
        tenant_id=tenant_id, email=email, password_hash="x", created_at=MOMENT, updated_at=MOMENT
    )
