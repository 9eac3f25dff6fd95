"""Databases of both kinds for the tests of links."""

from tests.support.services import (  # noqa: F401
    any_database,
    empty_database,
    mariadb_database,
    mariadb_server,
    sandbox_url,
    sqlite_database,
    sqlite_template,
    valkey_server,
    valkey_url,
)
