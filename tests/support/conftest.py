"""The fixtures under test."""

from tests.support.services import (  # noqa: F401
    mariadb_database,
    mariadb_server,
    sandbox_url,
    valkey_server,
    valkey_url,
)
