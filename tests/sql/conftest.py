"""Every test here runs on real databases."""

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
