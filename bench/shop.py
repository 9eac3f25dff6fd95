"""A shop for benchmarks: devices, contacts and one campaign, as rows of a fresh database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from flows.models import Flow, FlowVersion
from flows.yaml_text import load
from runtime.compose import App
from services.accounts.models import Tenant
from services.campaigns.models import Campaign
from services.contacts.models import Contact, ContactTag, ContactTagLink
from services.devices.models import Device, DeviceLane, WahaServer
from services.kit import outbox

TEMPLATE = Path("flows/templates/broadcast.yaml")
CHUNK = 1000


def fill(app: App, base_url: str, api_key: str, contacts: int, names: Sequence[str]) -> None:
    """Everything a campaign needs but its start."""
    with app.database.write() as connection:
        _devices(connection, app, base_url, api_key, names)
        _flow(connection, app, names)
    for start in range(0, contacts, CHUNK):
        with app.database.write() as connection:
            _contacts(connection, app, range(start, min(start + CHUNK, contacts)))


def begin(app: App) -> None:
    """Start the campaign, as its route does."""
    with app.database.write() as connection:
        outbox.publish(connection, 1, "campaign.started", {"campaign_id": 1}, app.clock.now())


def _devices(
    connection: Connection, app: App, base_url: str, api_key: str, names: Sequence[str]
) -> None:
    now = app.clock.now()
    connection.execute(
        insert(Tenant),
        {
            "id": 1,
            "name": "Toko Melati",
            "zone": "Asia/Jakarta",
            "profile": {},
            "is_active": True,
            "created_at": now,
        },
    )
    connection.execute(
        insert(WahaServer),
        {
            "id": 1,
            "name": "bench",
            "base_url": base_url,
            "api_key_sealed": app.sealer.seal(api_key),
            "is_sandbox": True,
            "capabilities": {},
            "created_at": now,
        },
    )
    for number, name in enumerate(names, start=1):
        connection.execute(
            insert(Device),
            {
                "id": number,
                "tenant_id": 1,
                "server_id": 1,
                "session_name": name,
                "phone_number": f"62811{number:07d}",
                "status": "CONNECTED",
                "health": "OK",
                "webhook_key": f"key{number}",
                "webhook_secret_sealed": "x",
                "pacing": {},
                "weight": 1,
                "is_active_for_broadcast": True,
                "wanted": True,
                "created_at": now,
                "updated_at": now,
            },
        )
        connection.execute(
            insert(DeviceLane),
            {
                "device_id": number,
                "tenant_id": 1,
                "next_broadcast_at": now,
                "next_any_at": now,
            },
        )


def _flow(connection: Connection, app: App, names: Sequence[str]) -> None:
    now = app.clock.now()
    source = TEMPLATE.read_text(encoding="utf-8")
    # A benchmark runs at any hour.
    quiet = ("limits:", "  quiet_hours:")
    source = "".join(line for line in source.splitlines(True) if not line.startswith(quiet))
    connection.execute(
        insert(ContactTag),
        {"id": 1, "tenant_id": 1, "name": "Lead", "color": "#3B82F6", "created_at": now},
    )
    connection.execute(
        insert(Flow),
        {
            "id": 1,
            "tenant_id": 1,
            "slug": "bench",
            "name": "bench",
            "kind": "broadcast",
            "source": source,
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        },
    )
    connection.execute(
        insert(FlowVersion),
        {
            "id": 1,
            "tenant_id": 1,
            "flow_id": 1,
            "number": 1,
            "content_hash": "bench",
            "source": source,
            "document": load(source).document,
            "created_at": now,
        },
    )
    params: dict[str, Any] = {
        "audience_tag": "Lead",
        "devices": list(names),
        "delay_min": 0,
        "delay_max": 0,
    }
    connection.execute(
        insert(Campaign),
        {
            "id": 1,
            "tenant_id": 1,
            "name": "bench",
            "flow_version_id": 1,
            "params": params,
            "message_template": "",
            "target_tags": ["Lead"],
            "seed": "bench",
            "status": "PREPARING",
            "delay_min": 0,
            "delay_max": 0,
            "created_at": now,
            "updated_at": now,
        },
    )


def _contacts(connection: Connection, app: App, numbers: range) -> None:
    now = app.clock.now()
    connection.execute(
        insert(Contact),
        [
            {
                "id": number + 1,
                "tenant_id": 1,
                "phone": f"62812{number:08d}",
                "name": f"Budi {number}",
                "fields": {"diskon": "20"},
                "is_active": True,
                "created_at": now,
                "updated_at": now,
            }
            for number in numbers
        ],
    )
    connection.execute(
        insert(ContactTagLink),
        [{"contact_id": number + 1, "tag_id": 1} for number in numbers],
    )
