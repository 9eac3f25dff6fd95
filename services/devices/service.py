"""Devices: pair a number, see how it is, pause it, and let it go.

WAHA is never asked inside of a transaction: it may take seconds, and every other writer waits.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.devices import repository
from services.devices.links import LINK_OF
from services.devices.models import Device, DeviceLane, WahaServer
from services.integrations.waha.client import WahaClient
from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaError,
    WahaNotReady,
    WahaPermanent,
)
from services.integrations.waha.session_config import session_config
from services.integrations.waha.types import Session as WahaSession
from services.kit.after_commit import ring_after
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.errors import Conflict, NotFound, ProductError, Unavailable
from services.kit.secrets import Sealer
from services.messages import ledger

SEND_DUE = "runtime.send_due"
WAITING_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Waha:
    """How to reach WAHA: what opens a client, its settings, and the keys to its key."""

    open: Callable[[str, str], WahaClient]
    settings: Settings
    sealer: Sealer


def list_devices(session: Session, tenant_id: int) -> Sequence[Device]:
    return repository.devices(session, tenant_id)


def get(session: Session, tenant_id: int, name: str) -> Device:
    device = repository.device(session, tenant_id, name)
    if device is None:
        raise NotFound("There is no such device.")
    return device


def ensure_server(
    session: Session, settings: Settings, sealer: Sealer, now: datetime
) -> WahaServer:
    """The WAHA server of the settings, as a row; its key follows the settings."""
    base_url = settings.waha_url.strip().rstrip("/")
    server = repository.server_by_url(session, base_url)
    if server is None:
        server = WahaServer(
            name="WhatsApp",
            base_url=base_url,
            api_key_sealed=sealer.seal(settings.waha_api_key),
            is_sandbox=settings.waha_is_sandbox,
            capabilities={},
            created_at=now,
        )
        session.add(server)
        session.flush()
    elif sealer.open(server.api_key_sealed) != settings.waha_api_key:
        server.api_key_sealed = sealer.seal(settings.waha_api_key)
    return server


def create(
    database: Database,
    clock: Clock,
    waha: Waha,
    tenant_id: int,
    display_name: str | None,
) -> Device:
    """A new device with its session on WAHA, started and waiting to be paired.

    The row comes first, so that no session is without a device; when WAHA refuses, the row is
    taken back and the error says why.
    """
    secret = secrets.token_hex(32)
    now = clock.now()
    with database.session() as session:
        server = ensure_server(session, waha.settings, waha.sealer, now)
        device = Device(
            tenant_id=tenant_id,
            server_id=server.id,
            session_name=f"d{secrets.token_hex(10)}",
            display_name=display_name,
            status="STARTING",
            status_since=now,
            health="OK",
            is_active_for_broadcast=True,
            weight=1,
            pacing={},
            webhook_key=secrets.token_urlsafe(24),
            webhook_secret_sealed=waha.sealer.seal(secret),
            wanted=True,
            created_at=now,
            updated_at=now,
        )
        session.add(device)
        session.flush()
        session.add(
            DeviceLane(
                device_id=device.id, tenant_id=tenant_id, next_broadcast_at=now, next_any_at=now
            )
        )
    config = session_config(
        f"{waha.settings.api_url}/webhooks/waha/{device.webhook_key}",
        secret,
        {"alir_device": str(device.id)},
    )
    try:
        with _client(database, waha, device) as client:
            told = client.create_session(device.session_name, config, start=True)
    except ProductError:
        with database.session() as session:
            row = get(session, tenant_id, device.session_name)
            row.deleted_at, row.wanted = clock.now(), False
        raise
    return _saw(database, tenant_id, device.session_name, told, clock.now())


def refresh(database: Database, clock: Clock, waha: Waha, tenant_id: int, name: str) -> Device:
    """Ask WAHA how the device is now, and write it down."""
    with database.reading_session() as session:
        device = get(session, tenant_id, name)
    with _client(database, waha, device) as client:
        told = client.session(name)
    return _saw(database, tenant_id, name, told, clock.now())


def qr_png(database: Database, waha: Waha, tenant_id: int, name: str) -> bytes:
    """The code to scan. Raises: Conflict when there is none, as for a connected device."""
    with database.reading_session() as session:
        device = get(session, tenant_id, name)
    with _client(database, waha, device) as client:
        return client.qr_png(name)


def delete(database: Database, clock: Clock, waha: Waha, tenant_id: int, name: str) -> None:
    """Unpair the number and let the device go; what it sent keeps pointing at it.

    Raises: Conflict while messages of it are under way.
    """
    with database.session() as session:
        device = get(session, tenant_id, name)
        if repository.has_open_messages(session, tenant_id, device.id):
            raise Conflict(
                "This device still has messages to send.",
                code="device_busy",
                hint="Cancel or finish its campaigns first.",
            )
        device.wanted = False
        device.is_active_for_broadcast = False
    with _client(database, waha, device) as client:
        client.delete_session(name)
    with database.session() as session:
        row = get(session, tenant_id, name)
        row.deleted_at = row.updated_at = clock.now()
        row.status = "DISCONNECTED"


def toggle(
    session: Session, tenant_id: int, name: str, active: bool | None, now: datetime
) -> Device:
    """Whether broadcasts may use the device; None turns it round."""
    device = get(session, tenant_id, name)
    wanted = not device.is_active_for_broadcast if active is None else active
    device.is_active_for_broadcast = wanted
    device.updated_at = now
    session.flush()
    return device


def pause(session: Session, tenant_id: int, name: str, now: datetime) -> Device:
    """Nothing leaves this device until somebody resumes it."""
    device = get(session, tenant_id, name)
    if device.health == "PAUSED":
        raise Conflict("This device is paused already.", code="wrong_state")
    device.health, device.health_reason, device.health_until = "PAUSED", "by_person", None
    device.updated_at = now
    session.flush()
    return device


def resume(session: Session, tenant_id: int, name: str, now: datetime) -> Device:
    """Let a paused device send again; its pauses between messages still hold."""
    device = get(session, tenant_id, name)
    if device.health != "PAUSED":
        raise Conflict("This device is not paused.", code="wrong_state")
    device.health, device.health_reason, device.health_until = "OK", None, None
    device.updated_at = now
    session.flush()
    ledger.ring(session.connection(), {device.id}, now)
    ring_after(session, SEND_DUE)
    return device


def lane(session: Session, tenant_id: int, name: str) -> tuple[Device, DeviceLane, int]:
    """A device's clock, and how many messages wait for it (at most WAITING_COUNTED)."""
    device = get(session, tenant_id, name)
    found = repository.lane(session, tenant_id, device.id)
    if found is None:
        raise NotFound("This device has no lane.")
    return device, found, repository.waiting(session, tenant_id, device.id, WAITING_COUNTED)


def _saw(database: Database, tenant_id: int, name: str, told: WahaSession, now: datetime) -> Device:
    """Write down what WAHA said of a session."""
    link = LINK_OF[told.status]
    with database.session() as session:
        device = get(session, tenant_id, name)
        if device.status != link:
            device.status, device.status_since = link, now
        if told.ready:
            device.last_seen_at = now
            device.paired_at = device.paired_at or now
            device.phone_number = told.me_phone or device.phone_number
            device.display_name = device.display_name or told.me_name
        device.updated_at = now
        return device


@contextmanager
def _client(database: Database, waha: Waha, device: Device) -> Iterator[WahaClient]:
    """A client of the device's server; what goes wrong is told in the product's words."""
    with database.reading_session() as session:
        server = repository.server(session, device.server_id)
    try:
        with waha.open(server.base_url, waha.sealer.open(server.api_key_sealed)) as client:
            yield client
    except WahaError as error:
        raise _told(error) from error


def _told(error: WahaError) -> ProductError:
    code = error.code or "waha"
    if isinstance(error, WahaNotReady):
        return Conflict(error.message, code=code, hint=error.hint)
    if isinstance(error, WahaConfiguration):
        hint = error.hint or "Check the WhatsApp server's address and key in the settings."
        return Unavailable(error.message, code=code, hint=hint)
    if isinstance(error, WahaPermanent):
        return Conflict(error.message, code=code, hint=error.hint)
    return Unavailable(
        error.message,
        code=code,
        hint=error.hint or "Is the WhatsApp server running? Try again in a moment.",
        retry_after_s=5,
    )
