"""Databases of both kinds for the tests of keyword rules."""

from tests.support.services import (  # noqa: F401
    any_database,
    mariadb_database,
    mariadb_server,
    sqlite_database,
    sqlite_template,
)
