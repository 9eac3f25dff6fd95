"""A migrated database, two tenants whose rows must never meet, and clients of the API."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy import insert
from starlette.testclient import TestClient

from flows.service import TenantFlows
from runtime.asgi import ApiState, create_api
from runtime.migrate import migrate
from services.accounts.models import SignIn, Tenant, User
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.doorbell import RINGS
from services.kit.secrets import Sealer
from services.kit.security import Passwords, Tokens

KEY = b"0123456789abcdef0123456789abcdef-tests"
PASSWORD = "correct horse battery"


@dataclass
class Doorbell:
    """Remembers who was rung, and what the database held by then."""

    rung: list[str] = field(default_factory=list)

    def ring(self, task: str) -> None:
        if task not in RINGS:
            raise KeyError(task)
        self.rung.append(task)


class NoWaha:
    """A WAHA server that a test must not reach."""

    def __init__(self, *_: object) -> None:
        raise AssertionError("this test may not talk to WAHA")


@dataclass
class World:
    """The API over a database of its own; tenants 1 and 2 have one user of each role."""

    app: FastAPI
    database: Database
    clock: Clock
    sealer: Sealer
    settings: Settings
    doorbell: Doorbell
    tokens: Tokens

    def client(self, tenant_id: int | None = 1, role: str = "user") -> TestClient:
        """A client signed in as a tenant's user of that role; None: nobody."""
        headers = {}
        if tenant_id is not None:
            headers["Authorization"] = f"Bearer {self.token(tenant_id, role)}"
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def token(self, tenant_id: int, role: str = "user") -> str:
        user_id = USERS[tenant_id, role]
        now = datetime.now(UTC)
        return self.tokens.issue("access", user_id, tenant_id, f"f{user_id}", "t", now)


USERS = {
    (tenant_id, role): tenant_id * 10 + number
    for tenant_id in (1, 2)
    for number, role in enumerate(("admin", "user", "agent"))
}


@pytest.fixture(scope="session")
def password_hash() -> str:
    return Passwords().hash(PASSWORD)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Path:
    """A migrated database with both tenants, to copy."""
    path = tmp_path_factory.mktemp("seeded") / "alir.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    seed(database, password_hash)
    with database.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def seed(database: Database, password_hash: str) -> None:
    now = datetime.now(UTC)
    later = now.replace(year=now.year + 1, day=1)
    with database.write() as connection:
        for tenant_id, name in ((1, "Toko Ayu"), (2, "Warung Budi")):
            connection.execute(
                insert(Tenant),
                {
                    "id": tenant_id,
                    "name": name,
                    "zone": "Asia/Jakarta",
                    "profile": {},
                    "is_active": True,
                    "created_at": now,
                },
            )
        for (tenant_id, role), user_id in USERS.items():
            connection.execute(
                insert(User),
                {
                    "id": user_id,
                    "tenant_id": tenant_id,
                    "email": f"{role}@tenant{tenant_id}.example",
                    "password_hash": password_hash,
                    "role": role,
                    "is_active": True,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            connection.execute(
                insert(SignIn),
                {
                    "id": f"f{user_id}.1",
                    "user_id": user_id,
                    "tenant_id": tenant_id,
                    "created_at": now,
                    "expires_at": later,
                },
            )


@pytest.fixture
def database(seeded: Path, tmp_path: Path) -> Iterator[Database]:
    copyfile(seeded, tmp_path / "alir.db")
    opened = Database(f"sqlite:///{tmp_path / 'alir.db'}")
    yield opened
    opened.close()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([Fernet.generate_key()])


@pytest.fixture
def make_world(database: Database, sealer: Sealer, tmp_path: Path) -> Callable[..., World]:
    def make(**changes: Any) -> World:
        clock = changes.pop("clock", Clock())
        doorbell = Doorbell()
        settings = Settings(
            _env_file=None,
            environment="test",
            var=tmp_path,
            public_url="http://alir.example",
            waha_url="http://waha.example:3000",
            waha_api_key="the-key-of-waha",
        )
        state = ApiState(
            settings=settings,
            clock=clock,
            database=database,
            sealer=sealer,
            doorbell=doorbell,
            jwt_key=KEY,
            flows=TenantFlows(),
            **{"waha": NoWaha, **changes},
        )
        return World(create_api(state), database, clock, sealer, settings, doorbell, Tokens(KEY))

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def api(world: World) -> TestClient:
    """Tenant 1's user."""
    return world.client()


@pytest.fixture
def other(world: World) -> TestClient:
    """Tenant 2's user."""
    return world.client(2)


@pytest.fixture
def anonymous(world: World) -> TestClient:
    return world.client(None)
