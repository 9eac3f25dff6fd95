"""/devices: pair WhatsApp numbers, see how they are, and what waits in their lanes."""

from collections.abc import Sequence

from fastapi import Body, Response

from services.devices import service
from services.devices.models import Device
from services.devices.schemas import DeviceIn, DeviceOut, LaneOut, ToggleIn
from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, Parts, ReadDb, Router

router = Router(prefix="/devices", tags=["devices"])


def _waha(app: Parts) -> service.Waha:
    return service.Waha(app.waha, app.settings, app.sealer)


@router.get("", dependencies=[ANYBODY], response_model=list[DeviceOut])
def list_devices(member: CurrentMember, session: ReadDb) -> Sequence[Device]:
    """The tenant's devices."""
    return service.list_devices(session, member.tenant_id)


@router.post("", dependencies=[MANAGERS], status_code=201, response_model=DeviceOut)
def create(given: DeviceIn, member: CurrentMember, app: App) -> Device:
    """Add a device; next, scan its QR code."""
    return service.create(app.database, app.clock, _waha(app), member.tenant_id, given.display_name)


@router.get("/{session_name}", dependencies=[ANYBODY], response_model=DeviceOut)
def get(session_name: str, member: CurrentMember, session: ReadDb) -> Device:
    """One device, as we know it."""
    return service.get(session, member.tenant_id, session_name)


@router.post("/{session_name}/refresh", dependencies=[ANYBODY], response_model=DeviceOut)
def refresh(session_name: str, member: CurrentMember, app: App) -> Device:
    """One device, as the WhatsApp server knows it now."""
    return service.refresh(app.database, app.clock, _waha(app), member.tenant_id, session_name)


@router.get(
    "/{session_name}/qr",
    dependencies=[MANAGERS],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def qr(session_name: str, member: CurrentMember, app: App) -> Response:
    """The code to scan with the phone, as a picture; 409 when there is none to scan."""
    picture = service.qr_png(app.database, _waha(app), member.tenant_id, session_name)
    return Response(picture, media_type="image/png")


@router.delete("/{session_name}", dependencies=[MANAGERS], status_code=204)
def delete(session_name: str, member: CurrentMember, app: App) -> None:
    """Unpair the number and remove the device."""
    service.delete(app.database, app.clock, _waha(app), member.tenant_id, session_name)


@router.patch("/{session_name}/toggle", dependencies=[MANAGERS], response_model=DeviceOut)
def toggle(
    session_name: str,
    member: CurrentMember,
    app: App,
    session: Db,
    given: ToggleIn | None = Body(None),
) -> Device:
    """Let broadcasts use the device, or not."""
    active = None if given is None else given.active
    return service.toggle(session, member.tenant_id, session_name, active, app.clock.now())


@router.post("/{session_name}/pause", dependencies=[MANAGERS], response_model=DeviceOut)
def pause(session_name: str, member: CurrentMember, app: App, session: Db) -> Device:
    """Nothing leaves this device until it is resumed."""
    return service.pause(session, member.tenant_id, session_name, app.clock.now())


@router.post("/{session_name}/resume", dependencies=[MANAGERS], response_model=DeviceOut)
def resume(session_name: str, member: CurrentMember, app: App, session: Db) -> Device:
    """Let a paused device send again."""
    return service.resume(session, member.tenant_id, session_name, app.clock.now())


@router.get("/{session_name}/lane", dependencies=[ANYBODY])
def lane(session_name: str, member: CurrentMember, session: ReadDb) -> LaneOut:
    """The device's clock: what waits, and when it may leave."""
    device, found, waiting = service.lane(session, member.tenant_id, session_name)
    return LaneOut(
        session_name=device.session_name,
        waiting=waiting,
        due_at=found.due_at,
        next_broadcast_at=found.next_broadcast_at,
        next_any_at=found.next_any_at,
        cooldown_until=found.cooldown_until,
        cooldown_reason=found.cooldown_reason,
        resting=found.resting,
        until_rest=found.until_rest,
        day=found.day,
        sent_today=found.sent_today,
        cold_today=found.cold_today,
        sent_this_hour=found.sent_this_hour,
        recent=found.recent,
    )
