"""Reading WAHA's successful answers, tolerant of engines, versions and missing values."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from services.integrations.waha.addresses import (
    lid_of,
    normal_chat,
    parse_chat_id,
    parse_message_id,
    phone_of,
    read_message_id,
)
from services.integrations.waha.types import (
    Capabilities,
    Capping,
    CappingLevel,
    ChatOverview,
    Group,
    LidPair,
    Me,
    Media,
    Message,
    NumberCheck,
    Participant,
    ServerStatus,
    ServerVersion,
    Session,
    SessionStatus,
    Timelock,
)

OLDEST_RELIABLE = (2026, 7, 1)  # before it, NOWEB sorts wrong and chats are split by lid
OLDEST_CHOSEN_ID = (2026, 4, 3)
SETTLE_S = {"GOWS": 120.0, "NOWEB": 120.0}
SETTLE_BROWSER_S = 330.0
SETTLE_SANDBOX_S = 2.0

_MILLISECONDS_FROM = 100_000_000_000  # seconds reach this in the year 5138
_LAST_SECOND = 253_402_300_799
_CAPPING = {
    "NONE": CappingLevel.NONE,
    "FIRST_WARNING": CappingLevel.WARNING,
    "SECOND_WARNING": CappingLevel.WARNING,
    "CAPPED": CappingLevel.CAPPED,
}


class UnreadableAnswer(ValueError):
    """A success whose body is not what the call promises."""


# Sessions


def read_status(value: object) -> SessionStatus:
    """A word that is not known means "not ready"."""
    try:
        return SessionStatus(str(value))
    except ValueError:
        return SessionStatus.UNKNOWN


def read_session(answer: object) -> Session:
    body = _object(answer, "a session")
    name = body.get("name")
    if not isinstance(name, str):
        raise UnreadableAnswer("a session without a name")
    me = read_me(body.get("me"))
    engine = _dict(body.get("engine"))
    metadata = _dict(_dict(body.get("config")).get("metadata"))
    connected = _dict(engine.get("gows")).get("connected")
    return Session(
        name=name,
        status=read_status(body.get("status")),
        raw_status=str(body.get("status")),
        me_phone=me.phone if me else None,
        me_lid=me.lid if me else None,
        me_name=me.name if me else None,
        timelock=me.timelock if me else None,
        capping=me.capping if me else None,
        engine=_text(engine.get("engine")),
        connected=connected if isinstance(connected, bool) else None,
        last_activity=read_time(_dict(body.get("timestamps")).get("activity")),
        metadata={str(key): str(value) for key, value in metadata.items()},
    )


def read_sessions(answer: object) -> list[Session]:
    return [read_session(one) for one in _list(answer, "sessions")]


def read_me(answer: object) -> Me | None:
    """The paired account; None for an empty body or null, which mean "not paired"."""
    if not isinstance(answer, dict) or not answer:
        return None
    return Me(
        phone=phone_of(answer.get("id")),
        lid=lid_of(answer.get("lid")) or lid_of(answer.get("id")),
        name=_text(answer.get("pushName")),
        timelock=read_timelock(answer.get("reachoutTimelock")),
        capping=read_capping(answer.get("messageCapping")),
    )


def read_timelock(value: object) -> Timelock | None:
    """The block on new contacts, from `me` or from the `data` of a session's status event."""
    if not isinstance(value, dict):
        return None
    return Timelock(
        active=value.get("isActive") is True,
        until=read_time(value.get("timeEnforcementEnds")),
        enforcement=_text(value.get("enforcementType")),
    )


def read_capping(value: object) -> Capping | None:
    if not isinstance(value, dict):
        return None
    return Capping(
        level=_CAPPING.get(str(value.get("cappingStatus")), CappingLevel.UNKNOWN),
        total=_quota(value.get("totalQuota")),
        used=_quota(value.get("usedQuota")),
        cycle_start=read_time(value.get("cycleStart")),
        cycle_end=read_time(value.get("cycleEnd")),
    )


def read_code(answer: object) -> str:
    """The code to type on the phone."""
    return _required_text(answer, "code")


def read_qr_text(answer: object) -> str:
    """What the QR code says; draw it yourself."""
    return _required_text(answer, "value")


# Server


def read_server_version(answer: object) -> ServerVersion:
    body = _object(answer, "a server version")
    platform = str(body.get("platform") or "")
    return ServerVersion(
        version=_required_text(body, "version"),
        engine=_required_text(body, "engine").upper(),
        tier=_text(body.get("tier")),
        sandbox="sandbox" in platform.lower() or str(body.get("tier")).upper() == "SANDBOX",
    )


def read_server_status(answer: object) -> ServerStatus:
    body = _object(answer, "a server status")
    uptime_ms = body.get("uptime")
    return ServerStatus(
        started_at=read_time(body.get("startTimestamp")),
        uptime_s=uptime_ms / 1000 if isinstance(uptime_ms, int | float) else 0.0,
        worker=_text(_dict(body.get("worker")).get("id")),
    )


def capabilities_of(server: ServerVersion) -> Capabilities:
    """The capability table by engine and version; an unknown engine can do the least."""
    numbers = _version_numbers(server.version)
    stores = server.engine in ("GOWS", "NOWEB")
    settle_s = SETTLE_S.get(server.engine, SETTLE_BROWSER_S)
    return Capabilities(
        engine=server.engine,
        version=server.version,
        supported=numbers >= OLDEST_RELIABLE,
        chosen_id=stores and numbers >= OLDEST_CHOSEN_ID,
        history_all=stores,
        history_needs_store=server.engine == "NOWEB",
        accepted_is_server_ack=server.engine == "GOWS",
        passkey=server.engine == "GOWS" and numbers >= OLDEST_RELIABLE,
        settle_s=SETTLE_SANDBOX_S if server.sandbox else settle_s,
    )


# Sends and messages


def read_new_message_id(answer: object) -> str:
    return _required_text(answer, "id")


def read_message(answer: object) -> Message:
    """One message of the history, or the payload of a `message` or `message.any` event."""
    body = _object(answer, "a message")
    found = read_message_id(body)
    if found is None:
        raise UnreadableAnswer("a message without an id")
    from_me = body.get("fromMe")
    ack = body.get("ack")
    return Message(
        bare_id=found.bare,
        whole_id=found.whole,
        chat=found.chat or normal_chat(body.get("from")),
        from_me=from_me if isinstance(from_me, bool) else found.from_me is True,
        ack=ack if isinstance(ack, int) and not isinstance(ack, bool) else None,
        ack_name=_text(body.get("ackName")),
        body=_text(body.get("body")),
        timestamp=_seconds(body.get("timestamp")) or 0,
        source=_text(body.get("source")),
        has_media=body.get("hasMedia") is True,
        media=_media(body.get("media")),
        participant=normal_chat(body.get("participant")) or found.participant,
        raw=body,
    )


def read_wanted_message(answer: object, message_id: str) -> Message:
    """The message that was asked for by its id, bare or whole; another one is no answer."""
    message, wanted = read_message(answer), parse_message_id(message_id)
    if wanted is None or message.bare_id != wanted.bare:
        raise UnreadableAnswer("another message than the one asked for")
    return message


def read_messages(answer: object, *, from_me: bool | None = None) -> list[Message]:
    """A page of history; `from_me` filters here, because servers get it wrong.

    A message without an id cannot be told from another one and is left out.
    """
    found: list[Message] = []
    for one in _list(answer, "messages"):
        if read_message_id(one) is None:
            continue
        message = read_message(one)
        if from_me is None or message.from_me is from_me:
            found.append(message)
    return found


def read_chats(answer: object) -> list[ChatOverview]:
    found: list[ChatOverview] = []
    for one in _list(answer, "chats"):
        chat = normal_chat(_dict(one).get("id"))
        if chat is None:
            continue
        last = _dict(one).get("lastMessage")
        message = read_message(last) if read_message_id(last) else None
        found.append(ChatOverview(chat, _text(_dict(one).get("name")), message))
    return found


def media_path(url: str) -> str | None:
    """Where a file lies below the server's own address; None when it lies elsewhere.

    WAHA may name itself by an address that is wrong from where we stand, so only the path from
    `/api/files/` on counts. A path that climbs is none.
    """
    parts = urlsplit(url)
    at = parts.path.find("/api/files/")
    if at < 0:
        return None
    path = parts.path[at:]
    if any(piece in (".", "..") for piece in unquote(path).replace("\\", "/").split("/")):
        return None
    return path


# Contacts and groups


def read_number_check(answer: object) -> NumberCheck:
    body = _object(answer, "a number check")
    exists = body.get("numberExists")
    if not isinstance(exists, bool):
        raise UnreadableAnswer("a number check without an answer")
    return NumberCheck(exists, normal_chat(body.get("chatId")) if exists else None)


def read_lid_pair(answer: object) -> LidPair:
    body = _object(answer, "a pair of lid and phone")
    return LidPair(lid_of(body.get("lid")), phone_of(body.get("pn")))


def read_lid_pairs(answer: object) -> list[LidPair]:
    return [read_lid_pair(one) for one in _list(answer, "lids")]


def read_count(answer: object) -> int:
    count = _object(answer, "a count").get("count")
    if not isinstance(count, int) or isinstance(count, bool):
        raise UnreadableAnswer("a count that is no number")
    return count


def read_groups(answer: object) -> list[Group]:
    """Groups of any engine: an array (GOWS, WEBJS) or an object by id (NOWEB)."""
    entries: Iterable[Any]
    entries = answer.values() if isinstance(answer, dict) else _list(answer, "groups")
    groups = (_group(_dict(entry)) for entry in entries)
    return [group for group in groups if group is not None]


def read_participants(answer: object) -> list[Participant]:
    """Members who are in the group now; who left is not listed."""
    found = (_participant(_dict(one)) for one in _list(answer, "participants"))
    return [one for one in found if one is not None and one.role != "left"]


def _group(entry: dict[str, Any]) -> Group | None:
    metadata = _dict(entry.get("groupMetadata"))
    address = parse_chat_id(_serialized(entry.get("JID") or entry.get("id")) or "")
    if address is None:
        return None
    name = entry.get("Name") or entry.get("subject") or entry.get("name") or metadata.get("subject")
    members = entry.get("Participants") or entry.get("participants") or metadata.get("participants")
    # An empty list is an answer engines give when they do not know.
    known = tuple(read_participants(members)) if isinstance(members, list) and members else None
    return Group(str(address), _text(name) or "", known)


def _participant(entry: dict[str, Any]) -> Participant | None:
    own = _serialized(entry.get("JID") or entry.get("id"))
    number = entry.get("pn") or entry.get("PhoneNumber") or entry.get("phoneNumber")
    phone = phone_of(number) or phone_of(own)
    lid = lid_of(entry.get("LID")) or lid_of(own)
    if phone is None and lid is None:
        return None
    return Participant(phone, lid, _role(entry))


def _role(entry: dict[str, Any]) -> str:
    role = entry.get("role") or entry.get("admin")
    if isinstance(role, str):
        return role
    if entry.get("IsSuperAdmin") is True or entry.get("isSuperAdmin") is True:
        return "superadmin"
    if entry.get("IsAdmin") is True or entry.get("isAdmin") is True:
        return "admin"
    return "participant"


# Values


def read_time(value: object) -> datetime | None:
    """Unix seconds or milliseconds, told apart by their size; None for none or nonsense."""
    seconds = _number(value)
    if seconds is None or not 0 < seconds <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _number(value: object) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value != value or abs(value) > 1e16:
        return None
    number = float(value)
    return number / 1000 if number >= _MILLISECONDS_FROM else number


def _quota(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]{1,6}", version, re.ASCII)[:3])


def _media(value: object) -> Media | None:
    if not isinstance(value, dict):
        return None
    return Media(
        url=_text(value.get("url")),
        mimetype=_text(value.get("mimetype")),
        filename=_text(value.get("filename")),
        failed=bool(value.get("error")),
    )


def _serialized(value: object) -> str | None:
    return _text(value.get("_serialized")) if isinstance(value, dict) else _text(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableAnswer(f"expected {what}, found {type(value).__name__}")
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableAnswer(f"expected a list of {what}, found {type(value).__name__}")
    return value


def _required_text(answer: object, key: str) -> str:
    value = _object(answer, f"an object with {key}").get(key)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswer(f"an answer without {key}")
    return value
