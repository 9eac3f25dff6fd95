"""A database that can't be used is told in words a shop owner can act on."""

import fcntl
import sqlite3
from pathlib import Path

import pytest

from runtime.cli import database
from runtime.migrate import NewerDatabase
from services.kit.config import Settings
from services.kit.errors import Unavailable


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(var=tmp_path / "var")


def a_database(settings: Settings) -> Path:
    path = database.make_folder(settings) / "alir.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    return path


def write_protected(path: Path) -> None:
    """A file format that may only be read: as a file without write permission, for root too."""
    content = bytearray(path.read_bytes())
    content[18] = 9
    path.write_bytes(content)


def test_a_database_that_is_not_there_yet_is_no_problem(settings: Settings) -> None:
    database.check_writable(settings)

    assert not (settings.var / "alir.db").exists()


def test_looking_whether_it_can_be_written_changes_nothing(settings: Settings) -> None:
    path = a_database(settings)
    before = path.read_bytes()

    database.check_writable(settings)

    assert path.read_bytes() == before


def test_a_database_browser_that_holds_it_is_named_as_the_cause(settings: Settings) -> None:
    path = a_database(settings)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(database.DatabaseLocked, match="held by another program") as caught:
            database.check_writable(settings, patience_s=0.05)
    finally:
        holder.close()

    assert "Close what has it open" in caught.value.hint


def test_a_writer_of_ours_that_never_lets_go_is_not_waited_for_forever(settings: Settings) -> None:
    path = a_database(settings)
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(database.DatabaseLocked):
            database.check_writable(settings, patience_s=0.05)


def test_a_database_that_can_only_be_read_is_told_with_the_way_out(settings: Settings) -> None:
    write_protected(a_database(settings))

    with pytest.raises(database.DatabaseReadOnly, match="Nothing can be saved") as caught:
        database.check_writable(settings)

    assert "right to write" in caught.value.hint


def test_a_file_that_is_no_database_is_told_as_broken(settings: Settings) -> None:
    path = a_database(settings)
    path.write_bytes(b"this is a shopping list, not a database" * 100)

    with pytest.raises(database.DatabaseBroken, match="can't be used as a database") as caught:
        database.check_writable(settings)

    assert "backup" in caught.value.hint


def test_a_folder_that_can_not_be_made_is_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(database.FolderNotWritable) as caught:
        database.make_folder(Settings(var=tmp_path / "file" / "var"))

    assert "ALIR_VAR" in caught.value.hint


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(settings: Settings) -> None:
    path = a_database(settings)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()

    with (
        pytest.raises(NewerDatabase, match="9999") as caught,
        database.opened(settings),
    ):
        pass

    assert "newer Alir" in caught.value.hint
    connection = sqlite3.connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert tables == {"notes", "alembic_version"}


def test_a_server_that_is_away_is_told_without_its_password(settings: Settings) -> None:
    away = settings.model_copy(
        update={"database_url": "mysql+pymysql://alir:very-secret@127.0.0.1:1/alir"}
    )

    with pytest.raises(database.DatabaseAway) as caught, database.opened(away):
        pass

    assert "very-secret" not in f"{caught.value.message} {caught.value.hint}"
    assert "127.0.0.1:1" in caught.value.message
    assert "ALIR_DATABASE_URL" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (1045, "password"),
        (1049, "CREATE DATABASE"),
        (1290, "read-only"),
        (2003, "Is the server running?"),
    ],
)
def test_each_refusal_of_a_server_has_its_own_way_out(
    settings: Settings, number: int, hint: str
) -> None:
    from pymysql.err import OperationalError as DriverError
    from sqlalchemy.exc import OperationalError

    with pytest.raises(Unavailable) as caught, database.told(settings):
        raise OperationalError("SELECT 1", {}, DriverError(number, "said the server"))

    assert hint in caught.value.hint
