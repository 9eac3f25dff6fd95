"""The phone page and what it calls: people write in, owners answer from their phone."""

import base64
import binascii
import time
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox import engines, errors, ids
from sandbox.delivery import arrive
from sandbox.errors import answer
from sandbox.http import read_json, whole_number, world_of
from sandbox.hub import TooManySubscribers
from sandbox.media import extension_for, fingerprint
from sandbox.messages import Media, Message
from sandbox.routes.sessions import qr_png
from sandbox.sessions import Session
from sandbox.world import World

_STATIC = Path(__file__).resolve().parent.parent / "static"
_PAGE_FILES = {"phones.html": "text/html", "phones.css": "text/css", "phones.js": "text/javascript"}
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_CHATS_MAX = 500
_CHAT_MESSAGES_MAX = 300
_INLINE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def _session_for(world: World, wanted: Any) -> Session:
    """By name, or by the number a customer writes to."""
    name = str(wanted or "")
    found = world.sessions.get(name) or world.by_phone.get(ids.digits(ids.chat_id(name)))
    if found is None:
        raise errors.session_not_found()
    if found.status != "WORKING":
        raise errors.wrong_status(found.name, found.status, ["WORKING"])
    return found


def _media_from(world: World, session: Session, message_id: str, raw: dict[str, Any]) -> Media:
    """A file out of `{mimetype, filename?, data(base64), error?, not_downloaded?}`."""
    media = Media(
        mimetype=str(raw.get("mimetype") or "application/octet-stream"),
        filename=raw.get("filename"),
    )
    try:
        data = base64.b64decode(raw.get("data") or "", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise errors.named(422, f"media.data is not base64: {problem}") from problem
    media.size_bytes = len(data)
    media.fingerprint = fingerprint(data)
    name = f"{message_id}.{extension_for(media.mimetype, media.filename)}"
    media.data_key = f"{session.name}/{name}"
    world.media.put(media.data_key, data, media.mimetype)
    if raw.get("error"):
        media.state = "error"
    elif raw.get("not_downloaded"):
        media.state = "skipped"
    return media


def _kind_of(media: Media | None, body: dict[str, Any]) -> str:
    if "location" in body:
        return "location"
    if media is None:
        return "text"
    for prefix, kind in (("image/", "image"), ("video/", "video"), ("audio/", "voice")):
        if media.mimetype.startswith(prefix):
            return kind
    return "file"


def _addresses(
    world: World, session: Session, body: dict[str, Any]
) -> tuple[str, str | None, str | None]:
    """Chat, participant and the phone address behind a hidden one (if the engine tells).

    `as_lid` hides the number; `lid_known_after_s` says how long the session can't resolve it
    (-1: never). While it can't, the engine's own data does not give it away either.
    """
    raw = str(body.get("from") or "")
    if not raw:
        raise errors.named(422, "from is required: a phone number or an address")
    sender = ids.chat_id(raw)
    alternate = None
    if sender.endswith("@c.us"):
        phone = ids.digits(sender)
        lid = world.remember_person(phone, body.get("push_name"))
        if body.get("as_lid"):
            wait_s = float(body.get("lid_known_after_s", 0))
            until = float("inf") if wait_s < 0 else time.monotonic() + wait_s
            world.lid_known_at[session.name, lid] = until
            alternate = sender if wait_s == 0 else None
            sender = lid
    if body.get("group"):
        return ids.chat_id(str(body["group"])), sender, alternate
    if body.get("to_status"):
        return ids.STATUS_CHAT, sender, alternate
    return sender, None, alternate


async def _inbound(request: Request) -> Response:
    """A customer writes to a business number."""
    world = world_of(request)
    body = await read_json(request)
    session = _session_for(world, body.get("session"))
    chat, participant, alternate = _addresses(world, session, body)
    if body.get("reaction"):
        return _inbound_reaction(world, session, chat, participant, body)
    if body.get("revoke"):
        return _inbound_revoke(world, session, chat, participant, str(body["revoke"]))
    message_id = str(body.get("id") or ids.new_message_id())
    raw_media = body.get("media")
    media = None
    if isinstance(raw_media, dict):
        media = _media_from(world, session, message_id, raw_media)
    text = body.get("text")
    quoted = body.get("reply_to")
    message = Message(
        id=message_id,
        chat=chat,
        person=world.person(chat),
        from_me=False,
        text=None if text is None else str(text),
        timestamp=int(body.get("timestamp") or time.time()),
        source="app",
        ack=engines.inbound_ack(world.engine),
        kind=_kind_of(media, body),
        media=media,
        participant=participant,
        alternate=alternate,
        push_name=str(body.get("push_name") or world.names.get(world.person(chat), "")),
        reply_to={"id": ids.bare_id(str(quoted))} if quoted else None,
        extra=body.get("location"),
    )
    if body.get("edit"):
        return _inbound_edit(world, session, message, ids.bare_id(str(body["edit"])))
    arrive(world, session, message)
    return answer({"id": engines.whole_id(session, message), "chat": chat}, 201)


def _inbound_reaction(
    world: World, session: Session, chat: str, participant: str | None, body: dict[str, Any]
) -> Response:
    reaction = body["reaction"]
    bare = ids.new_message_id()
    target = ids.bare_id(str(reaction.get("message_id") or ""))
    original = session.history.by_id.get(target)
    whole = ids.serialized(False, chat, bare, participant)
    payload = {
        "id": whole,
        "from": chat,
        "fromMe": False,
        "source": "app",
        "participant": participant or chat,
        "to": chat,
        "timestamp": round(time.time(), 3),
        "reaction": {
            "text": str(reaction.get("text") or ""),
            "messageId": engines.whole_id(session, original) if original else target,
        },
    }
    world.emit(session, "message.reaction", payload)
    world.hub.publish(
        "reaction",
        {
            "session": session.name,
            "person": world.person(chat),
            "id": target,
            "text": payload["reaction"]["text"],  # type: ignore[index]
            "from_me": False,
        },
    )
    return answer({"id": whole, "chat": chat}, 201)


def _inbound_revoke(
    world: World, session: Session, chat: str, participant: str | None, wanted: str
) -> Response:
    bare = ids.bare_id(wanted)
    original = session.history.by_id.get(bare)
    before = world.wa_message(session, original) if original else None
    if original is not None:
        original.is_revoked = True
    after = Message(
        id=ids.new_message_id(),
        chat=chat,
        person=world.person(chat),
        from_me=False,
        text=None,
        timestamp=int(time.time()),
        source="app",
        ack=engines.inbound_ack(world.engine),
        participant=participant,
        is_revoked=True,
    )
    payload = {
        "after": world.wa_message(session, after),
        "before": before,
        "revokedMessageId": bare,
        "_data": {},
    }
    world.emit(session, "message.revoked", payload)
    if original is not None:
        world.hub.publish("edit", world.page_message(session, original))
    return answer({"id": engines.whole_id(session, after), "chat": chat}, 201)


def _inbound_edit(world: World, session: Session, message: Message, bare: str) -> Response:
    original = session.history.by_id.get(bare)
    if original is not None:
        original.text = message.text
        world.hub.publish("edit", world.page_message(session, original))
    payload = world.wa_message(session, message) | {"editedMessageId": bare}
    world.emit(session, "message.edited", payload)
    return answer({"id": engines.whole_id(session, message), "chat": message.chat}, 201)


async def _owner(request: Request) -> Response:
    """The owner answers from the phone: fromMe, source app."""
    world = world_of(request)
    body = await read_json(request)
    session = _session_for(world, body.get("session"))
    chat = ids.chat_id(str(body.get("chat") or ""))
    if not ids.digits(chat):
        raise errors.named(422, "chat is required")
    message = Message(
        id=ids.new_message_id(),
        chat=chat,
        person=world.person(chat),
        from_me=True,
        text=str(body.get("text") or ""),
        timestamp=int(time.time()),
        source="app",
        ack=1,
    )
    arrive(world, session, message)
    return answer({"id": engines.whole_id(session, message), "chat": chat}, 201)


async def _typing(request: Request) -> Response:
    """A customer types: `presence.update`."""
    world = world_of(request)
    body = await read_json(request)
    session = _session_for(world, body.get("session"))
    chat = ids.chat_id(str(body.get("from") or ""))
    state = "typing" if body.get("on", True) else "paused"
    world.emit(
        session,
        "presence.update",
        {"id": chat, "presences": [{"participant": chat, "lastKnownPresence": state}]},
    )
    return answer({"result": True}, 201)


async def _chats(request: Request) -> Response:
    """Chats with their last message, newest first, of one session or all."""
    world = world_of(request)
    wanted = request.query_params.get("session")
    sessions = [one for one in world.sessions.values() if wanted in (None, "", one.name)]
    chats: list[dict[str, Any]] = []
    for session in sessions:
        for person, messages in session.history.by_person.items():
            last = messages[-1]
            group = session.groups.get(last.chat)
            name = group.subject if group else world.names.get(person)
            chats.append(
                {
                    "session": session.name,
                    "person": person,
                    "chat": last.chat,
                    "name": name or last.push_name or None,
                    "messages": len(messages),
                    "last": world.page_message(session, last),
                }
            )
    chats.sort(key=lambda one: one["last"]["at"], reverse=True)
    return answer(chats[:_CHATS_MAX])


async def _chat_messages(request: Request) -> Response:
    """The newest messages of one chat, oldest first."""
    world = world_of(request)
    session = world.session(request.query_params.get("session") or "")
    chat = ids.chat_id(request.query_params.get("chat") or "")
    limit = whole_number(request, "limit", 100, _CHAT_MESSAGES_MAX)
    found = session.history.find(
        world.person(chat), lambda _: True, since=None, ascending=False, offset=0, limit=limit
    )
    return answer([world.page_message(session, one) for one in reversed(found)])


async def _events(request: Request) -> Response:
    try:
        stream = world_of(request).hub.subscribe()
    except TooManySubscribers as problem:
        raise errors.named(429, str(problem)) from problem
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


async def _phone_file(request: Request) -> Response:
    """The phone's own copy of a file; only pictures are shown inside the page."""
    key = f"{request.path_params['session']}/{request.path_params['name']}"
    found = world_of(request).media.get_expired_too(key)
    if found is None:
        raise errors.named(404, "Not Found")
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    if found.mimetype not in _INLINE_TYPES:
        headers["Content-Disposition"] = "attachment"
    return Response(found.data, media_type=found.mimetype, headers=headers)


async def _qr(request: Request) -> Response:
    """The QR code for the page, without the blocking wait of WAHA's route; 404 if none shows."""
    session = world_of(request).session(request.path_params["session"])
    if session.qr_value is None:
        raise errors.named(404, "No QR code is shown")
    return Response(qr_png(session.qr_value), media_type="image/png")


def _page(name: str) -> Any:
    async def show(_request: Request) -> Response:
        return FileResponse(_STATIC / name, media_type=_PAGE_FILES[name], headers=_PAGE_HEADERS)

    return show


ROUTES = [
    Route("/", _page("phones.html"), methods=["GET"]),
    Route("/phones", _page("phones.html"), methods=["GET"]),
    Route("/static/phones.css", _page("phones.css"), methods=["GET"]),
    Route("/static/phones.js", _page("phones.js"), methods=["GET"]),
    Route("/sandbox/inbound", _inbound, methods=["POST"]),
    Route("/sandbox/owner", _owner, methods=["POST"]),
    Route("/sandbox/typing", _typing, methods=["POST"]),
    Route("/sandbox/chats", _chats, methods=["GET"]),
    Route("/sandbox/chats/messages", _chat_messages, methods=["GET"]),
    Route("/sandbox/events", _events, methods=["GET"]),
    Route("/sandbox/files/{session}/{name}", _phone_file, methods=["GET"]),
    Route("/sandbox/qr/{session}", _qr, methods=["GET"]),
]
