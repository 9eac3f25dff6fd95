import pytest
from sqlalchemy import text

from runtime.migrate import NewerDatabase, head, migrate
from services.kit.db import Database


@pytest.fixture
def empty(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    yield database
    database.close()


def test_an_empty_database_is_brought_to_the_newest_version_once(empty):
    assert migrate(empty) == (None, head())
    assert migrate(empty) == (head(), head())


def test_a_database_of_a_newer_version_is_refused_with_the_way_out(empty):
    migrate(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerDatabase) as refused:
        migrate(empty)

    assert "9999" in refused.value.message
    assert "newer Alir" in refused.value.hint
    assert (refused.value.status, refused.value.code) == (503, "database_newer")
