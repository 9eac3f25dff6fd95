"""The life of a session: starting, QR codes, pairing, losing the link, stopping."""

import asyncio
import base64
import os
import time
from typing import Any

from sandbox import errors, ids
from sandbox.sessions import STATUSES, Session
from sandbox.world import World

_STOP_S = {"GOWS": 0.0, "NOWEB": 1.0, "WEBJS": 3.0}
_RECONNECT_EVERY_S = 2.0


def _new_qr() -> str:
    parts = [base64.b64encode(os.urandom(size)).decode() for size in (16, 32, 32)]
    return f"2@{parts[0]},{parts[1]},{parts[2]},1"


def _end_life(session: Session) -> None:
    if session.life is not None and session.life is not asyncio.current_task():
        session.life.cancel()
    session.life = None


def start(world: World, session: Session) -> None:
    """STARTING, then WORKING when paired, else QR codes until one is scanned or all expired."""
    _end_life(session)
    session.has_run = True
    world.announce(session, "STARTING")
    session.life = asyncio.get_running_loop().create_task(_live(world, session))


async def _live(world: World, session: Session) -> None:
    await asyncio.sleep(world.config.start_s * world.config.time_scale)
    if session.has_link:
        _connect(world, session)
        return
    for number in range(world.config.qr_codes_max):
        session.qr_value = _new_qr()
        world.announce(session, "SCAN_QR_CODE")
        config = world.config
        await asyncio.sleep(config.qr_first_s if number == 0 else config.qr_next_s)
    session.qr_value = None
    world.announce(session, "FAILED")


def _connect(world: World, session: Session) -> None:
    session.qr_value = None
    session.pairing_code = None
    session.presence = "offline"
    world.announce(session, "WORKING")


async def stop(world: World, session: Session) -> None:
    """Takes as long as the engine takes; idempotent."""
    _end_life(session)
    if session.status != "STOPPED":
        await asyncio.sleep(_STOP_S[world.engine] * world.config.time_scale)
    session.qr_value = None
    session.pairing_code = None
    session.presence = None
    if session.status != "STOPPED":
        world.announce(session, "STOPPED")


async def logout(world: World, session: Session) -> None:
    """Unpair; a session that ran starts again, unpaired."""
    ran = session.status != "STOPPED"
    await stop(world, session)
    world.unpair(session)
    if ran:
        start(world, session)
    world.save_sessions()


async def delete(world: World, session: Session) -> None:
    await stop(world, session)
    world.unpair(session)
    world.sessions.pop(session.name, None)
    world.hub.publish("session_gone", {"name": session.name})
    world.save_sessions()


def scan(
    world: World, session: Session, phone: str | None, push_name: str | None, *, passkey: bool
) -> None:
    """A phone scans the QR code. Raises WahaError 422 unless a code is shown."""
    if session.status != "SCAN_QR_CODE":
        raise errors.wrong_status(session.name, session.status, ["SCAN_QR_CODE"])
    wanted = phone or session.pending_phone or ids.phone_for(session.name)
    number = "".join(character for character in wanted if character.isdigit())
    world.pair(session, number, push_name or session.name)
    _end_life(session)
    session.qr_value = None
    if passkey and world.engine == "GOWS":
        challenge = {
            "challenge": base64.urlsafe_b64encode(os.urandom(8)).decode().rstrip("="),
            "timeout": 60000,
            "rpId": "web.whatsapp.com",
            "allowCredentials": [
                {"id": "AX8bTgH2", "type": "public-key", "transports": ["internal", "hybrid"]}
            ],
            "userVerification": "required",
        }
        world.announce(session, "PASSKEY_REQUIRED", challenge)
        return
    _connect(world, session)


def confirm_passkey(world: World, session: Session) -> None:
    """One step further in the passkey dance."""
    if session.status == "PASSKEY_REQUIRED":
        world.announce(session, "PASSKEY_CONFIRMATION_REQUIRED", {"code": "1234"})
    elif session.status == "PASSKEY_CONFIRMATION_REQUIRED":
        _connect(world, session)
    else:
        raise errors.named(422, "No passkey request is pending")


def unlink(world: World, session: Session) -> None:
    """The owner logs the session out from the phone: FAILED, and unpaired."""
    _end_life(session)
    world.announce(session, "FAILED")
    world.unpair(session)
    world.save_sessions()


def lose_link(world: World, session: Session, seconds: float) -> None:
    """The connection breaks for a while: STARTING at every new try, then WORKING."""
    _end_life(session)
    session.life = asyncio.get_running_loop().create_task(_reconnect(world, session, seconds))


async def _reconnect(world: World, session: Session, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        world.announce(session, "STARTING")
        left_s = until - time.monotonic()
        if left_s <= 0:
            break
        await asyncio.sleep(min(left_s, _RECONNECT_EVERY_S * world.config.time_scale))
        if time.monotonic() >= until:
            break
    _connect(world, session)


def force_status(world: World, session: Session, status: str, data: Any) -> None:
    """Any status at all, for tests. Raises WahaError 422 for an unknown word."""
    if status not in STATUSES:
        raise errors.named(422, f"status must be one of {', '.join(STATUSES)}")
    _end_life(session)
    world.announce(session, status, data)


def lock_reachout(
    world: World, session: Session, seconds: float, enforcement: str = "RESTRICT_ALL_COMPANIONS"
) -> None:
    """WhatsApp forbids new chats for a while; the session stays WORKING."""
    session.timelock = {
        "enforcementType": enforcement,
        "isActive": True,
        "timeEnforcementEnds": int(time.time() + seconds),
    }
    session.timelock_until = time.monotonic() + seconds
    world.announce(session, session.status, {"reachoutTimelock": session.timelock})
    mark = session.timelock

    def end() -> None:
        if session.timelock is mark:
            lift_reachout(world, session)

    world.later(seconds, end)


def lift_reachout(world: World, session: Session) -> None:
    if session.timelock is None or not session.timelock_is_active:
        return
    session.timelock = {**session.timelock, "isActive": False}
    world.announce(session, session.status, {"reachoutTimelock": session.timelock})


async def restart_server(world: World) -> None:
    """WAHA restarts: what waited is lost, running sessions start again, files are wiped."""
    world.cancel_timers()
    await world.webhooks.restart()
    world.media.expire_all()
    world.started_ms = int(time.time() * 1000)
    for session in world.sessions.values():
        if session.status != "STOPPED":
            start(world, session)


def resume_sessions(world: World) -> None:
    """Start what ran when the sandbox ended."""
    for session in world.sessions.values():
        if session.has_run and session.status == "STOPPED":
            start(world, session)
