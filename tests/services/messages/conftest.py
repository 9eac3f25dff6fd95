"""A laboratory of lanes on a real database; MariaDB's is emptied between tests, not made anew."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from services.accounts.models import Tenant
from services.blacklist.models import Blacklisted
from services.campaigns.models import Campaign, CampaignLog
from services.chats.models import ChatMessage, ChatSession
from services.contacts.models import Contact, ContactIdentity
from services.devices.models import Device, DeviceLane, WahaServer
from services.kit.db import Database
from services.kit.models import OutboxEvent
from services.messages.models import EarlyAck, OutboundMessage
from services.webhooks.models import WebhookEvent
from tests.services.messages.lab import Lab
from tests.support import databases, mariadb
from tests.support.services import (  # noqa: F401
    mariadb_server,
    sqlite_database,
    sqlite_template,
)

USED = (
    OutboxEvent,
    WebhookEvent,
    ChatMessage,
    ChatSession,
    ContactIdentity,
    EarlyAck,
    OutboundMessage,
    CampaignLog,
    Campaign,
    Contact,
    Blacklisted,
    DeviceLane,
    Device,
    WahaServer,
    Tenant,
)


@pytest.fixture
def lab(sqlite_database: Database) -> Lab:  # noqa: F811
    return Lab(sqlite_database)


@pytest.fixture(scope="session")
def shared_mariadb(mariadb_server: mariadb.MariaDb) -> Iterator[Database]:  # noqa: F811
    with databases.mariadb(mariadb_server) as database:
        yield database


@pytest.fixture(params=["sqlite", "mariadb"])
def any_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The same on SQLite and on MariaDB. Mark the test with `sql`."""
    if request.param == "sqlite":
        yield Lab(request.getfixturevalue("sqlite_database"))
        return
    database: Database = request.getfixturevalue("shared_mariadb")
    yield Lab(database)
    with database.write() as connection:
        for model in USED:
            connection.execute(delete(model))
