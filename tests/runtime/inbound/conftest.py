"""A shop turned by hand, on SQLite or on each database."""

from pathlib import Path

import pytest

from services.kit.db import Database
from tests.runtime.inbound.floor import Floor
from tests.support.services import (  # noqa: F401
    any_database,
    mariadb_database,
    mariadb_server,
    sqlite_database,
    sqlite_template,
)


@pytest.fixture
def floor(sqlite_database: Database, tmp_path: Path) -> Floor:  # noqa: F811
    return Floor(sqlite_database, tmp_path)


@pytest.fixture
def any_floor(any_database: Database, tmp_path: Path) -> Floor:  # noqa: F811
    return Floor(any_database, tmp_path)
