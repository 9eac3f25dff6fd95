"""The laboratory of lanes, with people and chats."""

from tests.services.messages.conftest import any_lab, lab, shared_mariadb  # noqa: F401
from tests.support.services import (  # noqa: F401
    mariadb_server,
    sqlite_database,
    sqlite_template,
)
