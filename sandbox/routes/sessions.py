"""Sessions and pairing: WAHA's own routes."""

import base64
import io
import re
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import errors, lifecycle
from sandbox.errors import answer, empty_answer
from sandbox.http import flag, read_json, world_of
from sandbox.ids import new_ulid
from sandbox.limits import SESSION_NAME_CHARS_MAX
from sandbox.sessions import Session
from sandbox.webhooks import known_events
from sandbox.world import World

_NAME = re.compile(r"^[a-zA-Z0-9_-]*$")
_URL = re.compile(r"^https?://[^\s/?#:]+(:\d+)?([/?#]\S*)?$")


def _public(world: World, session: Session, *, with_engine: bool = True) -> dict[str, Any]:
    return session.public(world.engine, with_engine=with_engine)


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME.match(name):
        raise errors.named(
            400,
            [
                "Session name can only contain alphanumeric characters, hyphens, and "
                "underscores (a-z, A-Z, 0-9, -, _) or be empty"
            ],
        )
    if len(name) > SESSION_NAME_CHARS_MAX:
        problem = f"name must be shorter than or equal to {SESSION_NAME_CHARS_MAX} characters"
        raise errors.named(400, [problem])


def _checked_config(world: World, raw: Any) -> dict[str, Any]:
    """The config as given. Raises WahaError 400 with every problem."""
    config = raw if isinstance(raw, dict) else {}
    problems: list[str] = []
    allowed = known_events(world.config.is_legacy)
    webhooks = config.get("webhooks") or []
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else []):
        place = f"config.webhooks.{index}"
        if not isinstance(webhook, dict):
            problems.append(f"{place} must be an object")
            continue
        if not _URL.match(str(webhook.get("url") or "")):
            problems.append(f"{place}.url must be a URL address")
        events = webhook.get("events")
        if not isinstance(events, list) or any(event not in allowed for event in events):
            problems.append(
                f"{place}.each value in events must be one of the following values: "
                + ", ".join(allowed)
            )
    if problems:
        raise errors.named(400, problems)
    return config


async def _list(request: Request) -> Response:
    world = world_of(request)
    shows_all = flag(request, "all", False)
    return answer(
        [
            _public(world, session, with_engine=False)
            for session in world.sessions.values()
            if shows_all or session.status != "STOPPED"
        ]
    )


async def _create(request: Request) -> Response:
    world = world_of(request)
    body = await read_json(request)
    name = body.get("name")
    if name is None or name == "":
        name = f"session_{new_ulid().lower()}"
    _check_name(name)
    config = _checked_config(world, body.get("config"))
    if name in world.sessions:
        raise errors.session_exists(name)
    session = world.add_session(name, config)
    starts = body.get("start")
    if starts or (starts is None and not world.config.is_legacy):
        lifecycle.start(world, session)
        session.has_run = False  # a session that was never up shows no activity yet
    world.save_sessions()
    world.hub.publish("session", world.phone_view(session))
    body = _public(world, session)
    session.has_run = session.status != "STOPPED" and not world.config.is_legacy
    return answer(body, 201)


async def _get(request: Request) -> Response:
    world = world_of(request)
    return answer(_public(world, world.session(request.path_params["session"])))


async def _update(request: Request) -> Response:
    world = world_of(request)
    session = world.session(request.path_params["session"])
    body = await read_json(request)
    session.config = _checked_config(world, body.get("config"))
    session.webhook_cache = None
    if session.status != "STOPPED":
        await lifecycle.stop(world, session)
        lifecycle.start(world, session)
    world.save_sessions()
    return answer(_public(world, session))


async def _delete(request: Request) -> Response:
    world = world_of(request)
    session = world.sessions.get(request.path_params["session"])
    if session is not None:
        await lifecycle.delete(world, session)
    return empty_answer()


async def _start(request: Request) -> Response:
    world = world_of(request)
    session = world.session(request.path_params["session"])
    if session.status in ("STOPPED", "FAILED"):
        lifecycle.start(world, session)
    elif world.config.is_legacy:
        raise errors.named(422, f"Session '{session.name}' is already started.")
    return answer(_public(world, session), 201)


async def _stop(request: Request) -> Response:
    world = world_of(request)
    session = world.session(request.path_params["session"])
    session.has_run = True
    await lifecycle.stop(world, session)
    return answer(_public(world, session), 201)


async def _restart(request: Request) -> Response:
    world = world_of(request)
    session = world.session(request.path_params["session"])
    await lifecycle.stop(world, session)
    lifecycle.start(world, session)
    return answer(_public(world, session), 201)


async def _logout(request: Request) -> Response:
    world = world_of(request)
    session = world.session(request.path_params["session"])
    await lifecycle.logout(world, session)
    return answer(_public(world, session), 201)


async def _me(request: Request) -> Response:
    world = world_of(request)
    name = request.path_params["session"]
    session = world.sessions.get(name)
    if session is None or session.status == "STOPPED":
        raise errors.session_not_started(name)
    me = session.me(world.engine, with_limits=True)
    return answer(me) if me is not None else empty_answer()


def qr_png(value: str) -> bytes:
    out = io.BytesIO()
    segno.make(value, error="m").save(out, kind="png", scale=6, border=2)
    return out.getvalue()


async def _qr(request: Request) -> Response:
    world = world_of(request)
    session = await world.wait_for(request.path_params["session"], ["SCAN_QR_CODE"])
    value = session.qr_value or ""
    if request.query_params.get("format") == "raw":
        return answer({"value": value})
    png = qr_png(value)
    if "application/json" in request.headers.get("accept", ""):
        return answer({"mimetype": "image/png", "data": base64.b64encode(png).decode()})
    return Response(png, media_type="image/png")


async def _screenshot(request: Request) -> Response:
    world = world_of(request)
    name = request.query_params.get("session") or ""
    session = world.sessions.get(name)
    if session is None or session.status == "STOPPED":
        raise errors.session_not_started(name)
    if session.status == "STARTING":
        raise errors.named(422, "The session is starting, please try again after few seconds")
    if session.qr_value is not None:
        return Response(qr_png(session.qr_value), media_type="image/png")
    raise errors.named(422, "Can not get screenshot for non chrome based engine.")


async def _request_code(request: Request) -> Response:
    world = world_of(request)
    body = await read_json(request)
    if world.engine == "NOWEB" and body.get("method"):
        raise errors.named(422, "NOWEB engine doesn't support any 'method', remove it")
    session = await world.wait_for(request.path_params["session"], ["SCAN_QR_CODE"])
    digits = "".join(one for one in str(body.get("phoneNumber") or "") if one.isdigit())
    if not digits:
        raise errors.named(400, ["phoneNumber should not be empty"])
    session.pending_phone = digits
    raw = new_ulid()[-8:]
    session.pairing_code = f"{raw[:4]}-{raw[4:]}"
    world.hub.publish("session", world.phone_view(session))
    return answer({"code": session.pairing_code}, 201)


async def _passkey(request: Request) -> Response:
    world = world_of(request)
    if world.engine != "GOWS":
        raise errors.not_implemented(world.engine)
    session = world.session(request.path_params["session"])
    lifecycle.confirm_passkey(world, session)
    return answer({"success": True}, 201)


ROUTES = [
    Route("/api/sessions", _list, methods=["GET"]),
    Route("/api/sessions", _create, methods=["POST"]),
    Route("/api/sessions/{session}", _get, methods=["GET"]),
    Route("/api/sessions/{session}", _update, methods=["PUT"]),
    Route("/api/sessions/{session}", _delete, methods=["DELETE"]),
    Route("/api/sessions/{session}/me", _me, methods=["GET"]),
    Route("/api/sessions/{session}/start", _start, methods=["POST"]),
    Route("/api/sessions/{session}/stop", _stop, methods=["POST"]),
    Route("/api/sessions/{session}/restart", _restart, methods=["POST"]),
    Route("/api/sessions/{session}/logout", _logout, methods=["POST"]),
    Route("/api/screenshot", _screenshot, methods=["GET"]),
    Route("/api/{session}/auth/qr", _qr, methods=["GET"]),
    Route("/api/{session}/auth/request-code", _request_code, methods=["POST"]),
    Route("/api/{session}/auth/passkey", _passkey, methods=["POST"]),
    Route("/api/{session}/auth/passkey/confirm", _passkey, methods=["POST"]),
]
