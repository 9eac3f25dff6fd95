"""The migrations make exactly the tables of the models, on every database."""

import io
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.schema import CreateIndex, CreateTable

from migrations.tables import metadata
from runtime.migrate import SCRIPTS, NewerDatabase, head, migrate
from services.kit.db import Database


def scripts() -> list[Any]:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    return list(ScriptDirectory.from_config(config).walk_revisions())[::-1]


def mysql_8() -> MySQLDialect_pymysql:
    dialect = MySQLDialect_pymysql()
    dialect.server_version_info = (8, 0, 40)
    return dialect


@pytest.mark.sql
def test_an_empty_database_gets_every_table_and_a_second_run_changes_nothing(
    empty_database: Database,
) -> None:
    assert migrate(empty_database) == (None, head())
    assert migrate(empty_database) == (head(), head())

    with empty_database.read() as connection:
        found = set(sa.inspect(connection).get_table_names())
    assert found == {*metadata().tables, "alembic_version"}


@pytest.mark.sql
def test_the_migrated_schema_is_that_of_the_models(any_database: Database) -> None:
    with any_database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )

        assert compare_metadata(context, metadata()) == []


@pytest.mark.sql
def test_a_generated_column_is_the_same_in_migration_and_model(any_database: Database) -> None:
    """Alembic warns about these but can't compare them on every database: so by behaviour."""
    table = metadata().tables["outbound_messages"]
    expression = str(table.c.device_slot.computed.sqltext)  # type: ignore[union-attr]

    with any_database.read() as connection:
        (column,) = (
            one
            for one in sa.inspect(connection).get_columns("outbound_messages")
            if one["name"] == "device_slot"
        )
    assert _words(column["computed"]["sqltext"]) == _words(expression)
    assert column["computed"]["persisted"] is True


def _words(expression: str) -> list[str]:
    """An expression without the dress its database keeps it in."""
    for sign in "`()":
        expression = expression.replace(sign, " ")
    return expression.lower().replace("=", " = ").split()


@pytest.mark.sql
def test_a_database_of_a_newer_version_is_refused_and_left_alone(any_database: Database) -> None:
    with any_database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerDatabase, match="9999"):
        migrate(any_database)

    with any_database.read() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == (
            "9999"
        )


def test_every_table_and_index_compiles_for_mysql_8() -> None:
    for table in metadata().sorted_tables:
        made = str(CreateTable(table).compile(dialect=mysql_8()))
        assert "utf8mb4_unicode_520_ci" in made, table.name
        assert "ENGINE=InnoDB" in made, table.name
        for index in table.indexes:
            str(CreateIndex(index).compile(dialect=mysql_8()))


@pytest.mark.parametrize("script", scripts(), ids=lambda script: str(script.revision))
def test_every_migration_compiles_for_mysql_8(script: Any) -> None:
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect=mysql_8(), opts={"as_sql": True, "output_buffer": written}
    )
    with Operations.context(context):
        script.module.upgrade()

    assert "CREATE TABLE" in written.getvalue() or "ALTER TABLE" in written.getvalue()


def test_migrations_form_one_line() -> None:
    revisions = scripts()

    assert [script.down_revision for script in revisions] == [
        None,
        *(script.revision for script in revisions[:-1]),
    ]


def test_every_key_fits_into_mysql() -> None:
    """InnoDB takes 3,072 bytes a key, utf8mb4 needs 4 a character; TEXT can't be a key at all."""
    for table in metadata().sorted_tables:
        for key in (*table.indexes, *table.constraints):
            if isinstance(key, sa.Index | sa.UniqueConstraint | sa.PrimaryKeyConstraint):
                assert sum(map(key_bytes, key.columns)) <= 3072, key.name


def key_bytes(column: sa.Column[Any]) -> int:
    if not isinstance(column.type, sa.String):
        return 8
    assert column.type.length is not None, f"{column} has no length"
    return column.type.length * 4
