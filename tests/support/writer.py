"""A process that writes rows one transaction at a time, for tests of the write lock."""

from datetime import UTC, datetime

from sqlalchemy import func, insert, select

from services.accounts.models import Tenant
from services.kit.db import Database

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def write(url: str, name: str, rows: int) -> None:
    """Write `rows` tenants called `name`, reading before each write as real requests do."""
    database = Database(url)
    for _ in range(rows):
        with database.write() as connection:
            connection.execute(select(func.max(Tenant.id))).scalar()
            connection.execute(insert(Tenant), {"name": name, "created_at": MOMENT, "profile": {}})
    database.close()
