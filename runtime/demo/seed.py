"""The demo business of an installation: made once, and its simulator numbers brought back later."""

import time
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Table, select, update

from runtime.compose import App
from runtime.demo import bot
from runtime.demo import shop as demo_shop
from services.accounts.models import User
from services.devices import links
from services.devices.models import Device, WahaServer
from services.integrations.waha.session_config import session_config
from services.kit.config import Settings
from services.kit.errors import ProductError, Unavailable

servers: Table = WahaServer.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]

SANDBOX_KEY = "sandbox"
BACK_S = 15.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made."""

    numbers: int
    contacts: int


def run() -> int:
    """`alir seed`: make the demo business with a simulator that runs already."""
    import typer

    from runtime.cli.database import opened
    from runtime.cli.up_state import running

    settings = Settings()
    here = running(settings.var)
    url = here.sandbox_url if here and here.sandbox_url else settings.waha_url.rstrip("/")
    key = settings.waha_api_key or SANDBOX_KEY
    base = here.api_url if here and here.api_url and not settings.public_url else settings.api_url
    with opened(settings) as app:
        if demo_shop.find(app) is not None:
            typer.echo(f"The demo business is there already. Sign in as {demo_shop.EMAIL}.")
            return 0
        require_sandbox(url, key)
        made = make(app, url, key, base)
    typer.echo(
        f"Made {demo_shop.SHOP} with {made.numbers} paired numbers and {made.contacts} contacts.\n"
        f"Sign in as {demo_shop.EMAIL} with the password {demo_shop.PASSWORD}"
    )
    return 0


def has_users(app: App) -> bool:
    """Whether anybody may sign in to this installation."""
    with app.database.read() as connection:
        return connection.execute(select(User.id).limit(1)).first() is not None


def make(app: App, sandbox_url: str, key: str, webhook_base: str) -> Seeded:
    """The login, the paired numbers, the flows, the rules, the link and the contacts."""
    made = demo_shop.make(app, sandbox_url, key, webhook_base)
    bot.make(app, made.tenant_id, made.numbers)
    taken = demo_shop.take_contacts(app, made.tenant_id, demo_shop.CONTACTS)
    return Seeded(len(made.devices), int(taken.totals["created"]))


def require_sandbox(url: str, key: str) -> None:
    """Raises: Unavailable unless a simulator answers there; a real server is never seeded."""
    try:
        answer = httpx.get(
            f"{url}/sandbox/ledger", params={"limit": 1}, headers={"X-Api-Key": key}, timeout=5
        )
    except httpx.HTTPError as error:
        raise Unavailable(
            f"No WhatsApp simulator answers at {url}.",
            code="no_sandbox",
            hint="Start it with `alir up`, which also makes the demo business by itself.",
        ) from error
    if answer.status_code != 200:
        raise ProductError(
            f"{url} is no WhatsApp simulator, so no demo business is made there.",
            code="not_a_sandbox",
            hint="Set ALIR_WAHA_URL to the address of the simulator that `alir up` prints.",
        )


def bring_back(app: App, sandbox_url: str, key: str, webhook_base: str) -> int:
    """Connect the simulator numbers of an installation again; returns how many are connected.

    The simulator and the API may have other ports than last time, and the simulator's folder may
    be gone: sessions are then told the new address, or made and paired anew.
    """
    rows = _on_the_simulator(app, sandbox_url, key)
    with httpx.Client(
        base_url=sandbox_url, headers={"X-Api-Key": key}, timeout=10, trust_env=False
    ) as client:
        for row in rows:
            _configure(client, app, row, f"{webhook_base}/webhooks/waha/{row.webhook_key}")
        back = [row for row in rows if row.phone_number and _is_working(client, row)]
    with app.database.write() as connection:
        for row in back:
            links.set_link(connection, row.id, "CONNECTED", app.clock.now())
    return len(back)


def _on_the_simulator(app: App, url: str, key: str) -> list[Any]:
    """Every number of every tenant that the simulator plays; its server's address is renewed."""
    with app.database.write() as connection:
        known = connection.execute(
            select(servers.c.id, servers.c.base_url)
            .where(servers.c.is_sandbox)
            .order_by(servers.c.id)
        ).all()
        if not known:
            return []
        ids = [row.id for row in known]
        kept = next((row.id for row in known if row.base_url == url), ids[0])
        connection.execute(
            update(servers)
            .where(servers.c.id == kept)
            .values(base_url=url, api_key_sealed=app.sealer.seal(key))
        )
        connection.execute(
            update(devices).where(devices.c.server_id.in_(ids)).values(server_id=kept)
        )
        return list(
            connection.execute(
                select(devices)
                .where(
                    devices.c.server_id == kept,
                    devices.c.deleted_at.is_(None),
                    devices.c.wanted,
                )
                .order_by(devices.c.id)
            ).all()
        )


def _configure(client: httpx.Client, app: App, row: Any, webhook_url: str) -> None:
    """The session exists, runs, and knows where the API is."""
    found = client.get(f"/api/sessions/{row.session_name}")
    if found.status_code == 404:
        config = session_config(
            webhook_url,
            app.sealer.open(row.webhook_secret_sealed),
            {"tenant": str(row.tenant_id)},
        )
        client.post(
            "/api/sessions",
            json={"name": row.session_name, "config": dict(config), "start": True},
        ).raise_for_status()
        return
    found.raise_for_status()
    session = found.json()
    config = session["config"] or {}
    if any(hook["url"] != webhook_url for hook in config.get("webhooks", ())):
        hooks = [{**hook, "url": webhook_url} for hook in config["webhooks"]]
        client.put(
            f"/api/sessions/{row.session_name}", json={"config": {**config, "webhooks": hooks}}
        ).raise_for_status()
    if session["status"] in ("STOPPED", "FAILED"):
        client.post(f"/api/sessions/{row.session_name}/restart").raise_for_status()


def _is_working(client: httpx.Client, row: Any) -> bool:
    """Wait for the session; pair it with its number when it asks for a phone."""
    until = time.monotonic() + BACK_S
    while time.monotonic() < until:
        status = client.get(f"/api/sessions/{row.session_name}").json()["status"]
        if status == "WORKING":
            return True
        if status == "SCAN_QR_CODE":
            client.post(
                f"/sandbox/phones/{row.session_name}/scan",
                json={"phone": row.phone_number, "push_name": row.display_name or ""},
            )
        time.sleep(LOOK_S)
    return False
