"""Fixtures with real servers: databases, Valkey, the sandbox. Started on first use, once a session.

In a conftest: `pytest_plugins = ["tests.support.services"]`. With pytest-xdist every worker process
has servers of its own.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from services.kit.db import Database
from tests.support import databases, mariadb, sandbox_process, valkey


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.MariaDb]:
    """A private MariaDB; the test is skipped where none is installed, and fails in a pipeline."""
    if not mariadb.is_installed():
        if os.environ.get("CI") == "true":
            pytest.fail("MariaDB is not installed: make setup-dev")
        pytest.skip("MariaDB is not installed: make setup-dev")
    with mariadb.running() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; copy it."""
    return databases.migrated_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh, migrated SQLite database."""
    with databases.sqlite(sqlite_template, tmp_path) as database:
        yield database


@pytest.fixture
def mariadb_database(mariadb_server: mariadb.MariaDb) -> Iterator[Database]:
    """A fresh, migrated MariaDB database."""
    with databases.mariadb(mariadb_server) as database:
        yield database


@pytest.fixture(params=["sqlite", "mariadb"])
def any_database(request: pytest.FixtureRequest) -> Database:
    """A fresh, migrated database of each kind. Mark the test with `sql`."""
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind without a table. Mark the test with `sql`."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    server: mariadb.MariaDb = request.getfixturevalue("mariadb_server")
    with server.database() as name:
        database = Database(server.url(name))
        yield database
        database.close()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The address of a private Valkey, shared by the session's tests."""
    with valkey.running() as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The address of a private Valkey that is empty at the start of the test."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


@pytest.fixture
def sandbox_url(tmp_path: Path) -> Iterator[str]:
    """A sandbox process with waits twenty times shorter."""
    with sandbox_process.running(tmp_path / "sandbox", "--time-scale", "0.05") as url:
        yield url
