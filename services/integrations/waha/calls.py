"""Every request we make to WAHA, as plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

MAX_INLINE_FILE_CHARS = 50 * 1024 * 1024 - 64 * 1024  # WAHA refuses bodies above 50 MiB
PAGE_LIMIT = 100

Order = Literal["asc", "desc"]
PresenceKind = Literal["online", "offline", "typing", "recording", "paused"]
MediaKind = Literal["image", "file", "video", "voice"]

_MEDIA_PATHS: dict[str, str] = {
    "image": "/api/sendImage",
    "file": "/api/sendFile",
    "video": "/api/sendVideo",
    "voice": "/api/sendVoice",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `path` is already encoded. The body stays out of the repr."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    accept: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send: either `url` (fetched by WAHA: our own media host only) or base64 `data`."""

    mimetype: str
    filename: str | None = None
    url: str | None = None
    data: str | None = field(default=None, repr=False)


# Sends


def send_text(
    session: str,
    chat: str,
    text: str,
    *,
    message_id: str | None = None,
    reply_to: str | None = None,
    mentions: Iterable[str] = (),
    link_preview: bool = False,
) -> Call:
    """A text message. The link preview is off: with it WAHA loads the page before it sends.

    Raises: ValueError for an empty text, which WAHA would not refuse.
    """
    if not text.strip():
        raise ValueError("a message needs a text")
    body = _send_body(session, chat, message_id, reply_to)
    body["text"] = text
    body["linkPreview"] = link_preview
    if named := list(mentions):
        body["mentions"] = named
    return Call("POST", "/api/sendText", json=body, session=session)


def send_media(
    session: str,
    chat: str,
    kind: MediaKind,
    file: OutgoingFile,
    *,
    caption: str | None = None,
    message_id: str | None = None,
    reply_to: str | None = None,
) -> Call:
    """An image, document, video or voice message; a voice message has no caption.

    Raises: ValueError when the file has not exactly one source, or is too large to be inlined.
    """
    body = _send_body(session, chat, message_id, reply_to)
    body["file"] = _file(file)
    if caption and kind != "voice":
        body["caption"] = caption
    if kind in ("video", "voice"):
        body["convert"] = True
    return Call("POST", _MEDIA_PATHS[kind], json=body, session=session)


def new_message_id(session: str) -> Call:
    return _get(session, "new-message-id")


def _send_body(
    session: str, chat: str, message_id: str | None, reply_to: str | None
) -> dict[str, Any]:
    # WAHA does not check these bodies: a missing value would be sent as nothing, or crash.
    if not session or not chat:
        raise ValueError("a send needs a session and a chat")
    body: dict[str, Any] = {"session": session, "chatId": chat}
    if message_id:
        body["id"] = message_id
    if reply_to:
        body["reply_to"] = reply_to
    return body


def _file(file: OutgoingFile) -> dict[str, str]:
    if (file.url is None) == (file.data is None):
        raise ValueError("a file needs either a url or its data")
    if file.data is not None and len(file.data) > MAX_INLINE_FILE_CHARS:
        raise ValueError("the file is too large to be sent inline (about 37 MB): send it by url")
    body = {"mimetype": file.mimetype}
    if file.filename:
        body["filename"] = file.filename
    if file.url is not None:
        body["url"] = file.url
    if file.data is not None:
        body["data"] = file.data
    return body


# Sessions and pairing


def list_sessions() -> Call:
    """All of them, the stopped ones too."""
    return Call("GET", "/api/sessions", query=(("all", "true"),))


def get_session(session: str) -> Call:
    return Call("GET", f"/api/sessions/{_quoted(session)}", session=session)


def create_session(session: str, config: Mapping[str, Any], *, start: bool) -> Call:
    # `start` is always explicit: releases differ on what leaving it out means.
    body = {"name": session, "start": start, "config": dict(config)}
    return Call("POST", "/api/sessions", json=body, session=session)


def put_session(session: str, config: Mapping[str, Any]) -> Call:
    """Replace the whole configuration; a running session is restarted by it."""
    body = {"config": dict(config)}
    return Call("PUT", f"/api/sessions/{_quoted(session)}", json=body, session=session)


def start_session(session: str) -> Call:
    return _session_verb(session, "start")


def stop_session(session: str) -> Call:
    return _session_verb(session, "stop")


def restart_session(session: str) -> Call:
    return _session_verb(session, "restart")


def logout_session(session: str) -> Call:
    return _session_verb(session, "logout")


def delete_session(session: str) -> Call:
    return Call("DELETE", f"/api/sessions/{_quoted(session)}", session=session)


def get_me(session: str) -> Call:
    return Call("GET", f"/api/sessions/{_quoted(session)}/me", session=session)


def qr_image(session: str) -> Call:
    return _get(session, "auth", "qr", query=(("format", "image"),), accept="image/png")


def qr_text(session: str) -> Call:
    return _get(session, "auth", "qr", query=(("format", "raw"),))


def request_code(session: str, phone_digits: str) -> Call:
    """A pairing code. `method` is left out: NOWEB refuses it."""
    return _post(session, "auth", "request-code", json={"phoneNumber": phone_digits})


def _session_verb(session: str, verb: str) -> Call:
    return Call("POST", f"/api/sessions/{_quoted(session)}/{verb}", session=session)


# Server


def server_version() -> Call:
    return Call("GET", "/api/server/version")


def server_status() -> Call:
    return Call("GET", "/api/server/status")


def media_file(path: str) -> Call:
    """A file under `/api/files/`, by the path `answers.media_path` gave."""
    return Call("GET", path, accept="*/*")


# Contacts and groups


def check_exists(session: str, phone_digits: str) -> Call:
    query = (("phone", phone_digits), ("session", session))
    return Call("GET", "/api/contacts/check-exists", query=query, session=session)


def list_lids(session: str, *, limit: int = PAGE_LIMIT, offset: int = 0) -> Call:
    return _get(session, "lids", query=_page(limit, offset))


def lid_of_phone(session: str, phone_digits: str) -> Call:
    return _get(session, "lids", "pn", phone_digits)


def phone_of_lid(session: str, lid: str) -> Call:
    return _get(session, "lids", lid)


def list_groups(
    session: str, *, limit: int = PAGE_LIMIT, offset: int = 0, participants: bool = False
) -> Call:
    """A page of groups; without the members unless asked, for those cost WhatsApp requests."""
    query = (*_page(limit, offset), ("sortBy", "id"), ("sortOrder", "asc"))
    if not participants:
        query = (*query, ("exclude", "participants"))
    return _get(session, "groups", query=query)


def count_groups(session: str) -> Call:
    return _get(session, "groups", "count")


def group_participants(session: str, group: str) -> Call:
    return _get(session, "groups", group, "participants", "v2")


# Chats and messages


def chats_overview(
    session: str, *, limit: int = 20, offset: int = 0, chats: Iterable[str] = ()
) -> Call:
    query = _page(limit, offset) + tuple(("ids", chat) for chat in chats)
    return _get(session, "chats", "overview", query=query)


def list_messages(
    session: str,
    chat: str = "all",
    *,
    since_s: int | None = None,
    until_s: int | None = None,
    from_me: bool | None = None,
    limit: int = PAGE_LIMIT,
    offset: int = 0,
    order: Order = "desc",
) -> Call:
    """A page of history, without files; times are unix seconds, both ends included.

    `from_me=False` is not asked of the server, which answered it with nothing on some NOWEB
    releases: the reader filters. Advance `offset` by `limit`, even after a short page.
    """
    query = (
        *_page(limit, offset),
        ("sortBy", "timestamp"),
        ("sortOrder", order),
        ("downloadMedia", "false"),
    )
    if since_s is not None:
        query = (*query, ("filter.timestamp.gte", str(since_s)))
    if until_s is not None:
        query = (*query, ("filter.timestamp.lte", str(until_s)))
    if from_me:
        query = (*query, ("filter.fromMe", "true"))
    return _get(session, "chats", chat, "messages", query=query)


def get_message(
    session: str, message_id: str, *, chat: str = "all", download_media: bool = False
) -> Call:
    """One message: bare id and `all` on GOWS and NOWEB, the whole id and its chat on WEBJS."""
    query = (("downloadMedia", "true" if download_media else "false"),)
    return _get(session, "chats", chat, "messages", message_id, query=query)


def typing(session: str, chat: str, *, on: bool) -> Call:
    path = "/api/startTyping" if on else "/api/stopTyping"
    return Call("POST", path, json={"session": session, "chatId": chat}, session=session)


def send_seen(
    session: str, chat: str, message_ids: Iterable[str] = (), participant: str | None = None
) -> Call:
    body: dict[str, Any] = {"session": session, "chatId": chat}
    if ids := list(message_ids):
        body["messageIds"] = ids
    if participant:
        body["participant"] = participant
    return Call("POST", "/api/sendSeen", json=body, session=session)


def set_presence(session: str, presence: PresenceKind, chat: str | None = None) -> Call:
    body: dict[str, Any] = {"presence": presence}
    if chat:
        body["chatId"] = chat
    return _post(session, "presence", json=body)


# Helpers


def _quoted(segment: str) -> str:
    if segment in ("", ".", ".."):
        raise ValueError("a name in a WAHA path is empty or made of dots")
    return quote(segment, safe="")


def _page(limit: int, offset: int) -> tuple[tuple[str, str], ...]:
    return (("limit", str(limit)), ("offset", str(offset)))


def _get(
    session: str,
    *segments: str,
    query: tuple[tuple[str, str], ...] = (),
    accept: str | None = None,
) -> Call:
    path = "/".join(_quoted(segment) for segment in (session, *segments))
    return Call("GET", f"/api/{path}", query=query, accept=accept, session=session)


def _post(session: str, *segments: str, json: Mapping[str, Any]) -> Call:
    path = "/".join(_quoted(segment) for segment in (session, *segments))
    return Call("POST", f"/api/{path}", json=json, session=session)
