"""The shop under fire: fifteen paired simulator numbers, 600 contacts, a published broadcast."""

import csv
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import update

from flows import publishing
from flows import service as flow_service
from flows.yaml_text import edit, load
from runtime import compose
from runtime.compose import App
from runtime.demo import shop as demo_shop
from runtime.demo.shop import Shop
from services.accounts import service as accounts
from services.devices import service as devices
from services.devices.models import Device
from services.devices.service import Waha
from services.integrations.waha.client import WahaClient

RECIPIENTS = 600
DEVICES = 15
PAIR_S = 30.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the simulator and the API answer."""

    sandbox_url: str
    sandbox_key: str
    api_url: str


def make(app: App, at: Addresses, folder: Path) -> Shop:
    """Everything a campaign needs."""
    now = app.clock.now()
    with app.database.session() as session:
        tenant_id = accounts.create_tenant(session, "Toko Badai", now).id
    names = _pair(app, tenant_id, at)
    with app.database.write() as connection:
        # A device that fails every fifth send would be paused; here the sends must go on.
        connection.execute(update(Device).values(pacing={"auto_pause": False}))
    with app.database.session() as session:
        flow_id = flow_service.create(session, tenant_id, _flow(), now).id
    publishing.publish(app.database, tenant_id, flow_id, None, app.clock.now())
    demo_shop.take_contacts(app, tenant_id, _contacts(folder / "contacts.csv"))
    return Shop(tenant_id, names, flow_id)


def start(app: App, shop: Shop, delay_s: tuple[float, float]) -> int:
    """Start the broadcast; returns the campaign's number."""
    return demo_shop.start_campaign(app, compose.flows(), shop, demo_shop.TAG, delay_s)


def _flow() -> str:
    """The shipped broadcast without its limits: quiet hours would stop this test at night."""
    source = load(demo_shop.TEMPLATE.read_text(encoding="utf-8"))
    document = {key: value for key, value in (source.document or {}).items() if key != "limits"}
    return edit(source.text, document)


def _contacts(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Nama", "No HP"])
        rows.writerows([f"Orang {n}", f"62812{71234101 + n}"] for n in range(RECIPIENTS))
    return path


def _pair(app: App, tenant_id: int, at: Addresses) -> tuple[str, ...]:
    waha = Waha(
        open=WahaClient,
        settings=app.settings.model_copy(
            update={
                "waha_url": at.sandbox_url,
                "waha_api_key": at.sandbox_key,
                "waha_is_sandbox": True,
                "public_url": at.api_url,
            }
        ),
        sealer=app.sealer,
    )
    names = [
        devices.create(app.database, app.clock, waha, tenant_id, f"CS {n}").session_name
        for n in range(1, DEVICES + 1)
    ]
    with httpx.Client(base_url=at.sandbox_url, timeout=10) as phones:
        for index, name in enumerate(names):
            scan = {"phone": f"62811{10000001 + index}", "push_name": f"CS {index + 1}"}
            phones.post(f"/sandbox/phones/{name}/scan", json=scan).raise_for_status()
    until = time.monotonic() + PAIR_S
    for name in names:
        while devices.refresh(app.database, app.clock, waha, tenant_id, name).status != "CONNECTED":
            if time.monotonic() > until:
                raise RuntimeError(f"the simulator did not pair {name}")
            time.sleep(0.05)
    return tuple(names)
