"""Databases of both kinds for the tests of links, and links to click on."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.accounts.models import Tenant
from services.kit.db import Database
from services.rotators.models import LinkRotator
from tests.support.services import (  # noqa: F401
    any_database,
    mariadb_database,
    mariadb_server,
    sqlite_database,
    sqlite_template,
)

PHONES = [f"62812000000{number:02d}" for number in range(1, 6)]
MakeLink = Callable[..., int]


def add_link(database: Database, **values: Any) -> int:
    """A link of tenant 1 (made, where there is none) over five numbers; returns its id."""
    now = datetime.now(UTC)
    with database.write() as connection:
        tenant_id = values.get("tenant_id", 1)
        known = select(Tenant.id).where(Tenant.id == tenant_id)
        if connection.execute(known).scalar() is None:
            shop = {"id": tenant_id, "name": "Toko Ayu", "zone": "Asia/Jakarta", "profile": {}}
            connection.execute(insert(Tenant), {**shop, "is_active": True, "created_at": now})
        row = {
            "tenant_id": 1,
            "slug": "promo",
            "name": "Promo",
            "target_numbers": [{"phone": phone} for phone in PHONES],
            "default_message": "Halo",
            "created_at": now,
            "updated_at": now,
            **values,
        }
        connection.execute(insert(LinkRotator), row)
        found: int = connection.execute(
            select(LinkRotator.id).where(LinkRotator.slug == row["slug"])
        ).scalar_one()
        return found


@pytest.fixture
def link(database: Database) -> MakeLink:
    """Makes links in the API's database."""
    return lambda **values: add_link(database, **values)
