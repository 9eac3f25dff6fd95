"""Chats and messages: look-ups, edits, read marks."""

import time
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import engines, errors, ids
from sandbox.errors import answer
from sandbox.http import common_fault, flag, read_json, whole_number, world_of
from sandbox.limits import HISTORY_PAGE_MAX
from sandbox.messages import ACK_NAMES, Message
from sandbox.routes.sending import mark_seen
from sandbox.sessions import Session
from sandbox.world import World

_LATEST = 2**62


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _keeps_history(world: World, session: Session) -> bool:
    """NOWEB keeps nothing unless its store is on; GOWS keeps unless told not to."""
    if world.engine == "NOWEB":
        store = (session.config.get("noweb") or {}).get("store") or {}
        return bool(store.get("enabled"))
    if world.engine == "GOWS":
        storage = (session.config.get("gows") or {}).get("storage") or {}
        return storage.get("messages") is not False
    return True


async def _history_fault(request: Request, world: World, chat: str) -> tuple[Response | None, bool]:
    """An answer that a fault forces, and whether the history shall look empty."""
    name = request.path_params["session"]
    rule = world.faults.pick("history", name, chat, request.url.path)
    if rule is None:
        return None, False
    if rule.kind == "history_500":
        raise errors.grpc_error("Timed out")
    if rule.kind == "history_empty":
        return None, True
    return await common_fault(request, rule), False


def _asked_chat(world: World, request: Request) -> str | None:
    """The chat of the path; None for `all`, which WEBJS can't do."""
    raw = unquote(request.path_params["chat"])
    if raw != "all":
        return ids.chat_id(raw)
    if not engines.lists_all_chats(world.engine):
        raise errors.not_implemented(world.engine)
    return None


async def _messages(request: Request) -> Response:
    world = world_of(request)
    chat = _asked_chat(world, request)
    forced, looks_empty = await _history_fault(request, world, chat or "all")
    if forced is not None:
        return forced
    session = await world.working(request.path_params["session"])
    if looks_empty or not _keeps_history(world, session):
        return answer([])
    query = request.query_params
    since = whole_number(request, "filter.timestamp.gte", 0, _LATEST)
    until = whole_number(request, "filter.timestamp.lte", _LATEST, _LATEST)
    from_me = query.get("filter.fromMe")
    ack = query.get("filter.ack")
    now = time.monotonic()

    def fits(message: Message) -> bool:
        return (
            message.timestamp <= until
            and message.visible_at <= now
            and (from_me is None or message.from_me == (from_me == "true"))
            and (ack is None or ACK_NAMES[message.ack] == ack)
        )

    found = session.history.find(
        world.person(chat) if chat is not None else None,
        fits,
        since=since or None,
        ascending=query.get("sortOrder", "desc") == "asc",
        offset=whole_number(request, "offset", 0, _LATEST),
        limit=whole_number(request, "limit", 10, HISTORY_PAGE_MAX),
    )
    with_media = flag(request, "downloadMedia", True)
    return answer([_shown(request, world, session, one, with_media) for one in found])


def _shown(
    request: Request, world: World, session: Session, message: Message, with_media: bool
) -> dict[str, Any]:
    media = message.media
    if with_media and media is not None and media.data_key:
        if world.media.renew(media.data_key):
            media.state = "ok"
        elif media.state == "ok":
            media.state = "error"
    return world.wa_message(session, message, with_media=with_media, origin=_origin(request))


def _find_message(world: World, session: Session, request: Request) -> Message | None:
    asked = unquote(request.path_params["message"])
    chat = _asked_chat(world, request)
    if world.engine == "WEBJS" and "_" not in asked:
        return None  # WEBJS only knows whole ids
    message = session.history.by_id.get(ids.bare_id(asked))
    if message is None or message.visible_at > time.monotonic():
        return None
    if chat is not None and world.person(chat) != message.person:
        return None
    return message


async def _message(request: Request) -> Response:
    world = world_of(request)
    chat = _asked_chat(world, request)
    forced, looks_empty = await _history_fault(request, world, chat or "all")
    if forced is not None:
        return forced
    session = await world.working(request.path_params["session"])
    message = None
    if not looks_empty and _keeps_history(world, session):
        message = _find_message(world, session, request)
    if message is None:
        raise errors.named(404, "Message not found")
    with_media = flag(request, "downloadMedia", True)
    return answer(_shown(request, world, session, message, with_media))


async def _edit(request: Request) -> Response:
    world = world_of(request)
    session = await world.working(request.path_params["session"])
    message = _find_message(world, session, request)
    if message is None:
        raise errors.named(404, "Message not found")
    body = await read_json(request)
    message.text = str(body.get("text") or "")
    world.hub.publish("edit", world.page_message(session, message))
    return answer({"id": engines.whole_id(session, message)})


async def _revoke(request: Request) -> Response:
    world = world_of(request)
    session = await world.working(request.path_params["session"])
    message = _find_message(world, session, request)
    if message is None:
        raise errors.named(404, "Message not found")
    message.is_revoked = True
    world.hub.publish("edit", world.page_message(session, message))
    return answer({"id": engines.whole_id(session, message)})


async def _read(request: Request) -> Response:
    world = world_of(request)
    session = await world.working(request.path_params["session"])
    chat = ids.chat_id(unquote(request.path_params["chat"]))
    fresh = mark_seen(world, session, chat)
    return answer({"ids": None if world.engine == "WEBJS" else fresh}, 201)


def _newest_per_chat(session: Session) -> list[Message]:
    """The last message of every chat, newest first."""
    latest = [
        max(messages, key=lambda one: one.timestamp)
        for messages in session.history.by_person.values()
    ]
    return sorted(latest, key=lambda one: one.timestamp, reverse=True)


def _chat_name(world: World, session: Session, message: Message) -> str | None:
    group = session.groups.get(message.chat)
    if group is not None:
        return group.subject
    contact = session.contacts.get(message.person)
    return (contact or {}).get("name") or world.names.get(message.person)


async def _overview(request: Request) -> Response:
    world = world_of(request)
    chat_ids: list[str] = []
    if request.method == "POST":
        body = await read_json(request)
        page = body.get("pagination") or {}
        limit = min(int(page.get("limit") or 20), HISTORY_PAGE_MAX)
        offset = int(page.get("offset") or 0)
        chat_ids = list((body.get("filter") or {}).get("ids") or [])
    else:
        limit = whole_number(request, "limit", 20, HISTORY_PAGE_MAX)
        offset = whole_number(request, "offset", 0, _LATEST)
        chat_ids = request.query_params.getlist("ids")
    session = await world.working(request.path_params["session"])
    latest = _newest_per_chat(session) if _keeps_history(world, session) else []
    if chat_ids:
        wanted = {world.person(ids.chat_id(one)) for one in chat_ids}
        latest = [one for one in latest if one.person in wanted]
    return answer(
        [
            {
                "id": message.chat,
                "name": _chat_name(world, session, message),
                "picture": None,
                "lastMessage": world.wa_message(session, message, with_media=False),
                "_chat": {},
            }
            for message in latest[offset : offset + limit]
        ],
        201 if request.method == "POST" else 200,
    )


async def _chats(request: Request) -> Response:
    world = world_of(request)
    session = await world.working(request.path_params["session"])
    limit = whole_number(request, "limit", HISTORY_PAGE_MAX, HISTORY_PAGE_MAX)
    offset = whole_number(request, "offset", 0, _LATEST)
    latest = _newest_per_chat(session) if _keeps_history(world, session) else []
    return answer(
        [
            {
                "id": message.chat,
                "name": _chat_name(world, session, message),
                "conversationTimestamp": message.timestamp,
            }
            for message in latest[offset : offset + limit]
        ]
    )


_ONE = "/api/{session}/chats/{chat}/messages/{message}"
ROUTES = [
    Route(_ONE, _message, methods=["GET"]),
    Route("/api/{session}/chats/{chat}/messages", _messages, methods=["GET"]),
    Route("/api/{session}/chats/{chat}/messages/read", _read, methods=["POST"]),
    Route(_ONE, _edit, methods=["PUT"]),
    Route(_ONE, _revoke, methods=["DELETE"]),
    Route("/api/{session}/chats/overview", _overview, methods=["GET", "POST"]),
    Route("/api/{session}/chats", _chats, methods=["GET"]),
]
