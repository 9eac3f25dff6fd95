"""Migrations are tried on real databases."""

from tests.support.services import (  # noqa: F401
    any_database,
    empty_database,
    mariadb_database,
    mariadb_server,
    sqlite_database,
    sqlite_template,
)
