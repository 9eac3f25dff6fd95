"""Fresh, migrated databases: copied from one that was migrated once in this session."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.migrate import migrate
from services.kit.db import Database
from tests.support.mariadb import MariaDb


def migrated_template(folder: Path) -> Path:
    """An SQLite file at the newest revision, to be copied."""
    path = folder / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@contextmanager
def sqlite(template: Path, folder: Path) -> Iterator[Database]:
    path = folder / "alir.db"
    shutil.copyfile(template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@contextmanager
def mariadb(server: MariaDb) -> Iterator[Database]:
    with server.database() as name:
        database = Database(server.url(name))
        if server.has_blueprint:
            server.build(name)
        else:
            migrate(database)
            server.remember(name)
        yield database
        database.close()
