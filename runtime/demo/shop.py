"""The demo's shop: a login, three paired simulator numbers, contacts, the broadcast flow."""

import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import select

from flows import publishing
from flows import service as flow_service
from flows.yaml_text import edit, load
from runtime.compose import App
from services.accounts import service as accounts
from services.campaigns import service as campaigns
from services.campaigns.service import NewCampaign
from services.contacts import audience
from services.contacts.importer import import_file
from services.contacts.models import Import
from services.devices import service as devices
from services.devices.service import Waha
from services.integrations.waha.client import WahaClient
from services.kit.errors import Unavailable
from services.kit.ports import Flows
from services.kit.security import Passwords

EMAIL = "demo@alir.local"
PASSWORD = "alir-demo-2026"
SHOP = "Toko Melati"
OWNER_PHONE = "6281100000009"
NUMBERS = (
    ("CS Satu", "6281100000001"),
    ("CS Dua", "6281100000002"),
    ("CS Tiga", "6281100000003"),
)
TEMPLATE = Path(__file__).resolve().parent.parent.parent / "flows" / "templates" / "broadcast.yaml"
CONTACTS = Path(__file__).resolve().parent.parent.parent / "examples" / "contacts.csv"
TAG = "Lead"
PAIR_S = 15.0


@dataclass(frozen=True, slots=True)
class Shop:
    """What was made."""

    tenant_id: int
    devices: tuple[str, ...]
    flow_id: int

    @property
    def numbers(self) -> tuple[tuple[str, str, str], ...]:
        """(title, phone, device) of each number."""
        return tuple(
            (title, phone, device)
            for (title, phone), device in zip(NUMBERS, self.devices, strict=True)
        )


def find(app: App) -> int | None:
    """The demo tenant, when it is there already."""
    from services.accounts.models import User

    with app.database.read() as connection:
        return connection.execute(select(User.tenant_id).where(User.email == EMAIL)).scalar()


def make(
    app: App,
    sandbox_url: str,
    sandbox_key: str,
    webhook_base: str,
    *,
    quiet_hours: bool = True,
) -> Shop:
    """Make the tenant, pair its numbers with the simulator, publish the shipped flow.

    Only a show leaves the flow's quiet hours out (`quiet_hours=False`): it may be run at night.
    """
    now = app.clock.now()
    password_hash = Passwords().hash(PASSWORD)
    with app.database.session() as session:
        tenant = accounts.create_tenant(session, SHOP, now)
        tenant.owner_phone = OWNER_PHONE
        accounts.create_user(session, tenant.id, EMAIL, password_hash, now, name="Demo")
        tenant_id = tenant.id
    devices = _pair(app, tenant_id, sandbox_url, sandbox_key, webhook_base)
    with app.database.session() as session:
        flow_id = flow_service.create(session, tenant_id, _flow(quiet_hours), now).id
    publishing.publish(app.database, tenant_id, flow_id, None, app.clock.now())
    return Shop(tenant_id, devices, flow_id)


def _flow(quiet_hours: bool) -> str:
    """The shipped broadcast as it is, or without its quiet hours."""
    text = TEMPLATE.read_text(encoding="utf-8")
    if quiet_hours:
        return text
    source = load(text)
    document = dict(source.document or {})
    document["limits"] = {
        name: limit for name, limit in document["limits"].items() if name != "quiet_hours"
    }
    return edit(source.text, document)


def take_contacts(app: App, tenant_id: int, path: Path) -> Import:
    """Import the demo's contacts; all of them get the tag the campaign is for."""
    taken = import_file(app.database, app.clock, tenant_id, path, path.name, source=path.name)
    with app.database.write() as connection:
        audience.tag_everybody(connection, tenant_id, TAG, app.clock.now())
    return taken


def start_campaign(
    app: App,
    flows: Flows,
    shop: Shop,
    tags: str,
    delay_s: tuple[float, float],
    *,
    name: str = "Promo gajian (demo)",
) -> int:
    """Make the broadcast and start it; returns its number."""
    now = app.clock.now()
    with app.database.session() as session:
        campaign = campaigns.create(
            session,
            flows,
            shop.tenant_id,
            NewCampaign(
                name=name,
                flow_id=shop.flow_id,
                params={
                    "audience_tag": tags,
                    "devices": list(shop.devices),
                    "delay_min": delay_s[0],
                    "delay_max": delay_s[1],
                },
            ),
            now,
        )
        campaign_id = campaign.id
    with app.database.session() as session:
        campaigns.start(session, shop.tenant_id, campaign_id, app.clock.now())
    return campaign_id


def _pair(
    app: App, tenant_id: int, sandbox_url: str, sandbox_key: str, webhook_base: str
) -> tuple[str, ...]:
    """Make the shop's devices the way the product does, and scan their codes on the simulator."""
    waha = Waha(
        open=WahaClient,
        settings=app.settings.model_copy(
            update={
                "waha_url": sandbox_url,
                "waha_api_key": sandbox_key,
                "waha_is_sandbox": True,
                "public_url": webhook_base,
            }
        ),
        sealer=app.sealer,
    )
    names = []
    with httpx.Client(base_url=sandbox_url, timeout=10) as phones:
        for title, phone in NUMBERS:
            name = devices.create(app.database, app.clock, waha, tenant_id, title).session_name
            phones.post(
                f"/sandbox/phones/{name}/scan", json={"phone": phone, "push_name": title}
            ).raise_for_status()
            _until_connected(app, waha, tenant_id, name)
            names.append(name)
    return tuple(names)


def _until_connected(app: App, waha: Waha, tenant_id: int, name: str) -> None:
    until = time.monotonic() + PAIR_S
    while devices.refresh(app.database, app.clock, waha, tenant_id, name).status != "CONNECTED":
        if time.monotonic() > until:
            raise Unavailable(f"The simulator did not pair {name}.", code="pairing_failed")
        time.sleep(0.05)
