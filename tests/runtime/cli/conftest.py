"""Commands are tried on real servers where that is cheap."""

from tests.support.services import (  # noqa: F401
    mariadb_database,
    mariadb_server,
    sandbox_url,
    valkey_server,
    valkey_url,
)
