"""A migrated database, two tenants whose rows must never meet, and clients of the API."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy import func, insert, select
from starlette.testclient import TestClient

from flows import publishing
from flows import service as flow_service
from flows.filling import TenantFlows
from runtime.asgi import ApiState, create_api
from runtime.migrate import migrate
from services.accounts.models import SignIn, Tenant, User
from services.campaigns import service as campaigns
from services.campaigns.models import CampaignLog
from services.chats.models import ChatMessage, ChatSession
from services.contacts import audience
from services.contacts.models import Contact, ContactIdentity, ContactTagLink
from services.devices.models import Device, DeviceLane, WahaServer
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


BROADCAST = Path(__file__).parent.parent / "flows" / "templates" / "broadcast.yaml"


@dataclass
class Shop:
    """What a tenant has, made straight in the database."""

    world: World
    tenant_id: int
    _broadcast: tuple[int, int] | None = None

    def device(self, name: str = "", status: str = "CONNECTED", **values: Any) -> int:
        """A device with its lane; returns its id."""
        now = datetime.now(UTC)
        with self.world.database.session() as session:
            server = session.scalar(select(WahaServer.id))
            if server is None:
                row = WahaServer(
                    name="main",
                    base_url=self.world.settings.waha_url,
                    api_key_sealed=self.world.sealer.seal("the-key-of-waha"),
                    is_sandbox=False,
                    capabilities={},
                    created_at=now,
                )
                session.add(row)
                session.flush()
                server = row.id
            device = Device(
                **{
                    "tenant_id": self.tenant_id,
                    "server_id": server,
                    "session_name": name or f"dev-{self.tenant_id}-{secrets.token_hex(3)}",
                    "status": status,
                    "health": "OK",
                    "is_active_for_broadcast": True,
                    "weight": 1,
                    "pacing": {},
                    "webhook_key": secrets.token_hex(16),
                    "webhook_secret_sealed": self.world.sealer.seal("hook-secret"),
                    "wanted": True,
                    "created_at": now,
                    "updated_at": now,
                    **values,
                }
            )
            session.add(device)
            session.flush()
            session.add(
                DeviceLane(
                    device_id=device.id,
                    tenant_id=self.tenant_id,
                    next_broadcast_at=now,
                    next_any_at=now,
                )
            )
            return device.id

    def contacts(self, count: int = 3, tag: str = "Lead") -> list[int]:
        """So many people with that tag; returns their ids."""
        now = datetime.now(UTC)
        with self.world.database.session() as session:
            first = session.scalar(select(func.max(Contact.id))) or 0
            made = [
                Contact(
                    tenant_id=self.tenant_id,
                    phone=f"62812{self.tenant_id}{first + number:08d}",
                    name=f"Orang {number}",
                    fields={},
                    is_active=True,
                    created_at=now,
                    updated_at=now,
                )
                for number in range(count)
            ]
            session.add_all(made)
            session.flush()
            ids = [contact.id for contact in made]
            tags = audience.tag_ids(session.connection(), self.tenant_id, [tag], now, create=[tag])
            session.execute(
                insert(ContactTagLink),
                [{"contact_id": contact_id, "tag_id": tags[tag]} for contact_id in ids],
            )
            return ids

    def chat(
        self,
        phone: str | None,
        device_id: int,
        *,
        name: str | None = None,
        lid: str | None = None,
        text: str | None = None,
        contact_id: int | None = None,
        **values: Any,
    ) -> int:
        """A chat of a person (new, unless told who), with one message that came in; its id."""
        now = self.world.clock.now()
        with self.world.database.session() as session:
            if contact_id is None:
                person = Contact(
                    tenant_id=self.tenant_id,
                    phone=phone,
                    name=name,
                    source="inbound",
                    fields={},
                    is_active=True,
                    is_saved=False,
                    created_at=now,
                    updated_at=now,
                )
                session.add(person)
                session.flush()
                contact_id = person.id
                for kind, value in (("phone", phone), ("lid", lid and f"{lid}@lid")):
                    if value:
                        session.add(
                            ContactIdentity(
                                tenant_id=self.tenant_id,
                                contact_id=contact_id,
                                kind=kind,
                                value=value,
                                created_at=now,
                            )
                        )
            chat = ChatSession(
                **{
                    "tenant_id": self.tenant_id,
                    "device_id": device_id,
                    "contact_id": contact_id,
                    "phone": phone,
                    "lid": lid,
                    "mode": "BOT",
                    "unread": 0,
                    "memory": {},
                    "preview": text,
                    "last_message_at": now if text else None,
                    "created_at": now,
                    "updated_at": now,
                    **values,
                }
            )
            session.add(chat)
            session.flush()
            if text:
                session.add(
                    ChatMessage(
                        tenant_id=self.tenant_id,
                        session_id=chat.id,
                        waha_message_id=secrets.token_hex(8),
                        direction="INBOUND",
                        message_type="text",
                        content=text,
                        is_from_bot=False,
                        is_history=False,
                        timestamp=now,
                        created_at=now,
                    )
                )
            return chat.id

    def flow(self, text: str | None = None) -> tuple[int, int]:
        """A published broadcast, the same one each time; the ids of the flow and its version."""
        if text is None and self._broadcast is not None:
            return self._broadcast
        now = datetime.now(UTC)
        source = text or BROADCAST.read_text(encoding="utf-8")
        with self.world.database.session() as session:
            flow_id = flow_service.create(session, self.tenant_id, source, now).id
        version = publishing.publish(self.world.database, self.tenant_id, flow_id, None, now)
        if text is None:
            self._broadcast = flow_id, version.id
        return flow_id, version.id

    def campaign(self, status: str = "DRAFT", flow_id: int | None = None, **values: Any) -> int:
        """A campaign of the broadcast for everybody tagged Lead; returns its id."""
        now = datetime.now(UTC)
        new = campaigns.NewCampaign(
            name="Promo",
            flow_id=flow_id or self.flow()[0],
            params={"audience_tag": "Lead", "message": "Halo [nama]"},
        )
        with self.world.database.session() as session:
            made = campaigns.create(session, TenantFlows(), self.tenant_id, new, now)
            made.status = status
            for name, value in values.items():
                setattr(made, name, value)
            return made.id

    def recipients(self, campaign_id: int, statuses: Sequence[str], **values: Any) -> None:
        """Recipients of a campaign, one for each status."""
        now = datetime.now(UTC)
        ids = self.contacts(len(statuses), tag="Recipient")
        with self.world.database.session() as session:
            for position, (contact_id, status) in enumerate(zip(ids, statuses, strict=True)):
                session.add(
                    CampaignLog(
                        tenant_id=self.tenant_id,
                        campaign_id=campaign_id,
                        contact_id=contact_id,
                        phone=f"62812{position:08d}",
                        position=position,
                        status=status,
                        created_at=now,
                        **values,
                    )
                )


@pytest.fixture
def shop(world: World) -> Shop:
    """Tenant 1's things."""
    return Shop(world, 1)


@pytest.fixture
def other_shop(world: World) -> Shop:
    return Shop(world, 2)


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
