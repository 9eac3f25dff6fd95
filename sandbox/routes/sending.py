"""Sends of every kind, and the faults that can befall them."""

import asyncio
import base64
import binascii
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import engines, errors, ids, lifecycle
from sandbox.delivery import Draft, compose, deliver, fail_later
from sandbox.errors import EngineError, answer
from sandbox.faults import Rule
from sandbox.http import (
    LineCut,
    common_fault,
    cut_line,
    read_json,
    wait_until_gone,
    world_of,
)
from sandbox.limits import MEDIA_FILE_BYTES_MAX
from sandbox.media import extension_for, fingerprint
from sandbox.messages import Media, Message
from sandbox.sessions import Session
from sandbox.world import World

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_FETCH_TIMEOUT_S = 10.0
_TEXT_KEYS = {"text": "text", "image": "caption", "file": "caption", "video": "caption"}
_EXTRA_KEYS = {
    "location": ("latitude", "longitude", "title"),
    "contact": ("contacts",),
    "poll": ("poll",),
    "list": ("message",),
    "buttons": ("header", "body", "footer", "buttons"),
}
_MEDIA_KINDS = ("image", "file", "video", "voice")
_ABSENT_ON = {"list": ("WEBJS",), "preview": ("WEBJS",), "forward": ("GOWS",)}


def _sender(kind: str) -> Any:
    async def send(request: Request) -> Response:
        return await _send(request, kind)

    return send


async def _send(request: Request, kind: str) -> Response:
    arrived_at, arrived_mono = time.time(), time.monotonic()
    world = world_of(request)
    body = await read_json(request)
    name = body.get("session")
    if not name or not isinstance(name, str):
        raise errors.session_name_required()
    ledger = world.ledger
    in_flight = ledger.enter(name)
    call = ledger.calls
    try:
        if world.engine in _ABSENT_ON.get(kind, ()):
            raise errors.not_implemented(world.engine)
        chat = ids.chat_id(str(body.get("chatId") or ""))
        rule = world.faults.pick("send", name, chat, request.url.path)
        if rule is not None:
            done = await common_fault(request, rule)
            if done is not None:
                return done
        session = world.sessions.get(name)
        if session is None or session.status != "WORKING":
            session = await world.working(name)
        draft = Draft(
            session=session,
            chat=chat,
            kind="text" if kind in ("text", "preview") else kind,
            text=None,
            requested_id=body.get("id"),
            arrived_at=arrived_at,
            arrived_mono=arrived_mono,
            in_flight=in_flight,
            call=call,
        )
        await _fill(world, draft, body)
        _check_recipient(world, draft)
        if rule is None:
            message = compose(world, draft)
            deliver(world, draft, message)
            return answer(engines.send_answer(world.engine, session, message), 201)
        return await _send_with_fault(request, world, draft, rule)
    finally:
        ledger.leave(name)


async def _fill(world: World, draft: Draft, body: dict[str, Any]) -> None:
    """Read what the kind of message needs out of the body, which WAHA does not check."""
    text = body.get(_TEXT_KEYS.get(draft.kind, "text"))
    draft.text = None if text is None else str(text)
    if draft.kind in _EXTRA_KEYS:
        draft.text = None
        draft.extra = {key: body[key] for key in _EXTRA_KEYS[draft.kind] if key in body}
    if body.get("reply_to"):
        draft.reply_to = _quoted(draft.session, str(body["reply_to"]))
    if draft.kind in _MEDIA_KINDS:
        draft.media = await _take_file(world, draft, body.get("file"))


def _quoted(session: Session, reply_to: str) -> dict[str, Any]:
    bare = ids.bare_id(reply_to)
    original = session.history.by_id.get(bare)
    if original is None:
        return {"id": bare}
    return {"id": bare, "participant": original.participant, "body": original.text}


async def _take_file(world: World, draft: Draft, raw: Any) -> Media:
    file = raw if isinstance(raw, dict) else {}
    media = Media(
        mimetype=str(file.get("mimetype") or "application/octet-stream"),
        filename=file.get("filename"),
    )
    if file.get("data"):
        try:
            data = base64.b64decode(file["data"], validate=True)
        except (binascii.Error, ValueError, TypeError) as problem:
            raise EngineError(f"Invalid base64: {problem}", name="Error") from problem
    elif file.get("url"):
        media.source_url = str(file["url"])
        if urlsplit(media.source_url).hostname not in _LOCAL_HOSTS:
            return media  # the sandbox leaves the machine for nobody; the address is recorded
        data = await _fetch(media.source_url)
    else:
        raise errors.named(422, "Either file.url or file.data is required")
    media.size_bytes = len(data)
    media.fingerprint = fingerprint(data)
    bare = ids.new_message_id()
    name = f"{bare}.{extension_for(media.mimetype, media.filename)}"
    media.data_key = f"{draft.session.name}/{name}"
    world.media.put(media.data_key, data, media.mimetype)
    return media


async def _fetch(url: str) -> bytes:
    """WAHA fetches `file.url` itself. Raises EngineError as it does when that fails."""
    timeout = aiohttp.ClientTimeout(total=_FETCH_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.get(url, allow_redirects=False) as found,
        ):
            if found.status != 200:
                problem = f"Request failed with status code {found.status}"
                raise EngineError(problem, name="AxiosError", code="ERR_BAD_REQUEST")
            return await found.content.read(MEDIA_FILE_BYTES_MAX + 1)
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise EngineError(f"fetch failed: {problem}", name="AxiosError") from problem


def _check_recipient(world: World, draft: Draft) -> None:
    """What WhatsApp itself refuses: numbers it does not know, new chats during a timelock."""
    person = world.person(draft.chat)
    phone = ids.digits(person)
    if phone in world.missing_phones:
        raise _no_lid(draft.chat)
    session = draft.session
    if session.timelock_is_active and not ids.is_group(draft.chat):
        is_new = not session.history.knows(person)
        if is_new and world.engine != "NOWEB":
            raise errors.grpc_error("server returned error 463")


def _no_lid(chat: str) -> EngineError:
    return errors.grpc_error(f"no LID found for {ids.inner_jid(chat)} from server")


async def _send_with_fault(request: Request, world: World, draft: Draft, rule: Rule) -> Response:
    kind = rule.kind
    session = draft.session
    if kind == "no_lid":
        raise _no_lid(draft.chat)
    if kind == "error_463":
        raise errors.grpc_error("server returned error 463")
    if kind == "timelock":
        if not session.timelock_is_active:
            lifecycle.lock_reachout(world, session, rule.seconds)
        raise errors.grpc_error("server returned error 463")
    if kind == "id_ignored":
        draft.requested_id = None
    message = compose(world, draft)
    body = engines.send_answer(world.engine, session, message)
    if kind == "accept_not_delivered":
        return answer(body, 201)
    if kind == "ack_error":
        fail_later(world, session, message, None)
        return answer(body, 201)
    if kind == "hang_before_then_send":
        world.later(rule.seconds, _deliver_late, world, draft, message)
        await wait_until_gone(request, rule.seconds + 600.0)
        return await cut_line(request)
    hidden_s = rule.seconds if kind == "late_visible" else 0.0
    deliver(world, draft, message, fault=kind, hidden_s=hidden_s, acks_now=kind == "ack_first")
    if kind == "http_500_after":
        raise errors.grpc_error("Timed out")
    if kind == "reset_after":
        return await cut_line(request)
    if kind == "hang_after":
        if await wait_until_gone(request, rule.seconds):
            return await cut_line(request)
    elif kind == "double_delivery":
        twin = compose(world, draft)
        twin.id = ids.new_message_id()
        deliver(world, draft, twin, fault=kind, by_engine=True)
    elif kind == "ack_first":
        await asyncio.sleep(rule.ms / 1000)
    return answer(body, 201)


def _deliver_late(world: World, draft: Draft, message: Message) -> None:
    deliver(world, draft, message, fault="hang_before_then_send")


async def _forward(request: Request) -> Response:
    world = world_of(request)
    if world.engine == "GOWS":
        raise errors.not_implemented(world.engine)
    body = await read_json(request)
    session = await world.working(_session_name(body))
    original = session.history.by_id.get(ids.bare_id(str(body.get("messageId") or "")))
    if original is None:
        raise errors.named(404, "Message not found")
    arrived_at, arrived_mono = time.time(), time.monotonic()
    in_flight = world.ledger.enter(session.name)
    try:
        draft = Draft(
            session=session,
            chat=ids.chat_id(str(body.get("chatId") or "")),
            kind=original.kind,
            text=original.text,
            requested_id=body.get("id"),
            arrived_at=arrived_at,
            arrived_mono=arrived_mono,
            in_flight=in_flight,
            call=world.ledger.calls,
            media=original.media,
            extra=original.extra,
        )
        message = compose(world, draft)
        deliver(world, draft, message)
        return answer(world.wa_message(session, message), 201)
    finally:
        world.ledger.leave(session.name)


def _session_name(body: dict[str, Any]) -> str:
    name = body.get("session")
    if not name or not isinstance(name, str):
        raise errors.session_name_required()
    return name


async def _session_and_body(request: Request) -> tuple[World, Session, dict[str, Any]]:
    """The working session a body names, with the faults that may hit any call."""
    world = world_of(request)
    body = await read_json(request)
    name = _session_name(body)
    rule = world.faults.pick("other", name, str(body.get("chatId") or ""), request.url.path)
    if rule is not None and await common_fault(request, rule) is not None:
        raise LineCut
    return world, await world.working(name), body


def _typing(state: str) -> Any:
    async def set_typing(request: Request) -> Response:
        world, session, body = await _session_and_body(request)
        show_typing(world, session, str(body.get("chatId") or ""), state)
        return answer({"result": True}, 201)

    return set_typing


def show_typing(world: World, session: Session, chat: str, state: str) -> None:
    world.hub.publish(
        "typing",
        {
            "session": session.name,
            "person": world.person(ids.chat_id(chat)),
            "state": state,
        },
    )


async def _seen(request: Request) -> Response:
    world, session, body = await _session_and_body(request)
    chat = ids.chat_id(str(body.get("chatId") or ""))
    mark_seen(world, session, chat)
    return answer({"result": True}, 201)


def mark_seen(world: World, session: Session, chat: str) -> list[str]:
    """The customer's messages get their blue ticks; the ids that were new."""
    person = world.person(chat)
    before = session.seen_at.get(person, 0)
    fresh: list[str] = []
    for message in session.history.newest_first(person, before):
        if not message.from_me and message.ack < 3:
            message.ack = 3
            fresh.append(message.id)
    session.seen_at[person] = int(time.time())
    world.hub.publish("seen", {"session": session.name, "person": person, "ids": fresh})
    return fresh


async def _react(request: Request) -> Response:
    world, session, body = await _session_and_body(request)
    bare = ids.bare_id(str(body.get("messageId") or ""))
    message = session.history.by_id.get(bare)
    if message is None:
        raise errors.named(404, "Message not found")
    world.hub.publish(
        "reaction",
        {
            "session": session.name,
            "person": message.person,
            "id": bare,
            "text": str(body.get("reaction") or ""),
            "from_me": True,
        },
    )
    return answer({"id": ids.serialized(True, message.chat, ids.new_message_id())})


async def _star(request: Request) -> Response:
    world, _, _ = await _session_and_body(request)
    if world.engine == "GOWS":
        raise errors.not_implemented(world.engine)
    return answer({"result": True})


async def _new_message_id(request: Request) -> Response:
    world = world_of(request)
    if world.config.is_legacy:
        missing = errors.named(404, f"Cannot GET {request.url.path}")
        raise missing
    name = request.path_params["session"]
    rule = world.faults.pick("other", name, "", request.url.path)
    if rule is not None:
        done = await common_fault(request, rule)
        if done is not None:
            return done
    session = world.sessions.get(name)
    if session is None or session.status != "WORKING":
        await world.working(name)
    if not engines.honours_message_id(world.engine):
        raise errors.not_implemented(world.engine)
    world.handed_ids += 1
    return answer({"id": ids.new_message_id()})


async def _presence(request: Request) -> Response:
    world = world_of(request)
    session = await world.working(request.path_params["session"])
    body = await read_json(request)
    state = body.get("presence")
    if state in ("online", "offline"):
        session.presence = state
        world.hub.publish("session", world.phone_view(session))
    elif body.get("chatId"):
        show_typing(world, session, str(body["chatId"]), str(state))
    return answer({"result": True}, 201)


def _post(path: str, kind: str) -> Route:
    return Route(path, _sender(kind), methods=["POST"])


HOT_ROUTES = [
    _post("/api/sendText", "text"),
    Route("/api/{session}/new-message-id", _new_message_id),
]
ROUTES = [
    _post("/api/sendImage", "image"),
    _post("/api/sendFile", "file"),
    _post("/api/sendVideo", "video"),
    _post("/api/sendVoice", "voice"),
    _post("/api/sendLocation", "location"),
    _post("/api/sendContactVcard", "contact"),
    _post("/api/sendPoll", "poll"),
    _post("/api/sendList", "list"),
    _post("/api/sendButtons", "buttons"),
    _post("/api/reply", "text"),
    _post("/api/send/link-custom-preview", "preview"),
    Route("/api/forwardMessage", _forward, methods=["POST"]),
    Route("/api/startTyping", _typing("typing"), methods=["POST"]),
    Route("/api/stopTyping", _typing("paused"), methods=["POST"]),
    Route("/api/sendSeen", _seen, methods=["POST"]),
    Route("/api/reaction", _react, methods=["PUT"]),
    Route("/api/star", _star, methods=["PUT"]),
    Route("/api/{session}/presence", _presence, methods=["POST"]),
]
