"""The simulator's own switches: ledger, faults, webhooks, phones, incoming messages."""

import time
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import errors, lifecycle
from sandbox.errors import answer
from sandbox.faults import BadRules, parse_rules
from sandbox.http import read_json, whole_number, world_of
from sandbox.limits import LEDGER_PAGE_MAX

_LATEST = 2**62


async def _ledger(request: Request) -> Response:
    since = whole_number(request, "since", 0, _LATEST)
    limit = whole_number(request, "limit", 1_000, LEDGER_PAGE_MAX)
    rows = world_of(request).ledger.rows(since, limit)
    return answer({"rows": rows, "next": rows[-1]["seq"] if rows else since})


async def _summary(request: Request) -> Response:
    since = whole_number(request, "since", 0, _LATEST)
    return answer(world_of(request).ledger.summary(since))


async def _reset(request: Request) -> Response:
    world = world_of(request)
    world.cancel_timers()
    await world.webhooks.restart()
    world.forget_traffic()
    world.hub.publish("reload", {})
    return answer({"reset": True})


async def _restart(request: Request) -> Response:
    await lifecycle.restart_server(world_of(request))
    return answer({"restarted": True})


async def _faults(request: Request) -> Response:
    return answer(world_of(request).faults.public())


async def _set_faults(request: Request) -> Response:
    world = world_of(request)
    body = await read_json(request)
    try:
        rules = parse_rules(body.get("rules", []))
    except BadRules as problem:
        raise errors.named(422, problem.problems) from problem
    world.faults.set(int(body.get("seed", world.config.seed)), rules)
    return answer(world.faults.public())


def _webhook_state(request: Request) -> dict[str, Any]:
    world = world_of(request)
    webhooks = world.webhooks
    return {
        "settings": asdict(webhooks.settings),
        "counts": webhooks.counts,
        "waiting": webhooks.waiting,
        "busy": webhooks.busy,
        "acks": asdict(world.acks),
        "drop_repeated_ids": world.drop_repeated_ids,
    }


async def _webhooks(request: Request) -> Response:
    return answer(_webhook_state(request))


async def _set_webhooks(request: Request) -> Response:
    """Any of the settings of webhooks and acks; what is not named stays."""
    world = world_of(request)
    body = await read_json(request)
    targets: tuple[tuple[str, Any], ...] = (
        ("settings", world.webhooks.settings),
        ("acks", world.acks),
    )
    for part, target in targets:
        known = {one.name for one in fields(target)}
        for name, value in (body.get(part) or {}).items():
            if name not in known or not isinstance(value, bool | int | float):
                raise errors.named(422, f"{part}.{name} is unknown or not a number")
            setattr(target, name, value)
    if "drop_repeated_ids" in body:
        world.drop_repeated_ids = bool(body["drop_repeated_ids"])
    return answer(_webhook_state(request))


async def _phones(request: Request) -> Response:
    world = world_of(request)
    return answer([world.phone_view(session) for session in world.sessions.values()])


async def _scan(request: Request) -> Response:
    world = world_of(request)
    session = world.session(request.path_params["session"])
    body = await read_json(request)
    if session.status == "STARTING":
        await world.wait_for(session.name, ["SCAN_QR_CODE"])
    lifecycle.scan(
        world,
        session,
        body.get("phone"),
        body.get("push_name"),
        passkey=bool(body.get("passkey")),
    )
    return answer(world.phone_view(session))


async def _phone_action(request: Request) -> Response:
    """unlink, disconnect, timelock, lift, capping, deaf, status or passkey."""
    world = world_of(request)
    session = world.session(request.path_params["session"])
    body = await read_json(request)
    action = request.path_params["action"]
    seconds = float(body.get("seconds", 10.0))
    if action == "unlink":
        lifecycle.unlink(world, session)
    elif action == "disconnect":
        lifecycle.lose_link(world, session, seconds)
    elif action == "timelock":
        enforcement = str(body.get("enforcement") or "RESTRICT_ALL_COMPANIONS")
        lifecycle.lock_reachout(world, session, float(body.get("seconds", 3_600.0)), enforcement)
    elif action == "lift":
        lifecycle.lift_reachout(world, session)
    elif action == "capping":
        session.capping = _capping(body)
        world.announce(session, session.status, {"messageCapping": session.capping})
    elif action == "deaf":
        session.is_deaf = bool(body.get("on", True))
    elif action == "status":
        lifecycle.force_status(world, session, str(body.get("status")), body.get("data"))
    elif action == "passkey":
        lifecycle.confirm_passkey(world, session)
    else:
        raise errors.named(404, f"No such action: {action}")
    return answer(world.phone_view(session))


def _capping(body: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {
        "cappingStatus": str(body.get("status") or "FIRST_WARNING"),
        "totalQuota": int(body.get("total", 1000)),
        "usedQuota": int(body.get("used", 640)),
        "cycleStart": int(body.get("cycle_start", now)),
        "cycleEnd": int(body.get("cycle_end", now + 30 * 86_400)),
        "mvStatus": "NOT_ELIGIBLE",
        "oteStatus": "NOT_ELIGIBLE",
    }


async def _people(request: Request) -> Response:
    """`{missing: [phones], known: [{phone, name}]}`; missing numbers are not on WhatsApp."""
    world = world_of(request)
    body = await read_json(request)
    if "missing" in body:
        world.missing_phones = {str(phone) for phone in body["missing"]}
    for one in body.get("known") or ():
        world.remember_person(str(one["phone"]), one.get("name"))
    world.save_sessions()
    return answer({"missing": sorted(world.missing_phones), "known": len(world.phone_of_lid)})


ROUTES = [
    Route("/sandbox/ledger", _ledger, methods=["GET"]),
    Route("/sandbox/ledger/summary", _summary, methods=["GET"]),
    Route("/sandbox/reset", _reset, methods=["POST"]),
    Route("/sandbox/restart", _restart, methods=["POST"]),
    Route("/sandbox/faults", _faults, methods=["GET"]),
    Route("/sandbox/faults", _set_faults, methods=["PUT"]),
    Route("/sandbox/webhooks", _webhooks, methods=["GET"]),
    Route("/sandbox/webhooks", _set_webhooks, methods=["PUT"]),
    Route("/sandbox/people", _people, methods=["PUT"]),
    Route("/sandbox/phones", _phones, methods=["GET"]),
    Route("/sandbox/phones/{session}/scan", _scan, methods=["POST"]),
    Route("/sandbox/phones/{session}/{action}", _phone_action, methods=["POST"]),
]
