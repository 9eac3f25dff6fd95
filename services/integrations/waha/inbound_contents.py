"""What stands in a message: its kind, its words, its file, and what it answers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.integrations.waha.addresses import parse_message_id
from services.integrations.waha.answers import media_path

TEXT_CHARS_MOST = 16_383
"""As many as a TEXT column of MariaDB holds, whatever they are (four bytes each)."""
NAME_CHARS_MOST = 255
URL_CHARS_MOST = 2_000
LIST_MOST = 50
WRAPPERS_MOST = 5

_FILES = "/api/files/"
_PROTOCOL_KINDS = {
    "conversation": "text",
    "extendedTextMessage": "text",
    "buttonsResponseMessage": "text",
    "listResponseMessage": "text",
    "templateButtonReplyMessage": "text",
    "interactiveResponseMessage": "text",
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
    "lottieStickerMessage": "sticker",
    "locationMessage": "location",
    "liveLocationMessage": "location",
    "contactMessage": "contact",
    "contactsArrayMessage": "contact",
    "pollCreationMessage": "poll",
    "pollCreationMessageV2": "poll",
    "pollCreationMessageV3": "poll",
    "pollMessage": "poll",
}
_WEBJS_KINDS = {
    "chat": "text",
    "buttons_response": "text",
    "list_response": "text",
    "template_button_reply": "text",
    "image": "image",
    "video": "video",
    "audio": "audio",
    "ptt": "voice",
    "voice": "voice",
    "document": "document",
    "sticker": "sticker",
    "location": "location",
    "vcard": "contact",
    "multi_vcard": "contact",
    "contact": "contact",
    "poll": "poll",
    "poll_creation": "poll",
}
_NOBODYS_WORDS = frozenset(
    {
        "e2e_notification",
        "notification",
        "notification_template",
        "gp2",
        "broadcast_notification",
        "protocol",
        "ciphertext",
        "call_log",
        "revoked",
        "reaction",
        "debug",
        "pin_message",
    }
)
"""Kinds of WEBJS entries that the app writes, not a person."""
_NOBODYS_BLOCKS = frozenset(
    {
        "protocolMessage",
        "reactionMessage",
        "encReactionMessage",
        "pollUpdateMessage",
        "pinInChatMessage",
        "keepInChatMessage",
        "senderKeyDistributionMessage",
        "messageContextInfo",
        "call",
    }
)
_CHOICES = (
    ("buttonsResponseMessage", ("selectedDisplayText", "selectedButtonId")),
    ("listResponseMessage", ("title", "description")),
    ("templateButtonReplyMessage", ("selectedDisplayText", "selectedId")),
)


@dataclass(frozen=True, slots=True)
class InboundMedia:
    """A file that came with a message.

    `path`: of its address where WAHA serves it, without origin and query. `url`: only of a
    pre-signed address in foreign storage. Neither: fetch it by the message's id.
    """

    mimetype: str | None = None
    filename: str | None = None
    path: str | None = None
    url: str | None = None
    error: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """The inside of a message."""

    kind: str
    text: str | None
    media: InboundMedia | None
    quoted_id: str | None
    quoted_text: str | None
    extra: Mapping[str, Any] | None


def contents_of(payload: Mapping[str, Any]) -> Contents | None:
    """What a message says; None when no person wrote it (notices of the app, protocol)."""
    data = _dict(payload.get("_data"))
    blocks = _blocks(data)
    webjs = data.get("type")
    if _is_nobodys(webjs, blocks, payload):
        return None
    media = _media(payload, data, blocks)
    kind = _kind(payload, webjs, blocks, media)
    quoted = _dict(payload.get("replyTo"))
    return Contents(
        kind=kind,
        text=_said(payload, kind, blocks),
        media=media,
        quoted_id=_bare(quoted.get("id")),
        quoted_text=_text(quoted.get("body")),
        extra=_extra(payload, kind, blocks),
    )


def text_of(payload: Mapping[str, Any]) -> str | None:
    """The words of a message, of whatever kind."""
    return _text(payload.get("body"))


def _is_nobodys(webjs: object, blocks: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    if isinstance(webjs, str) and webjs in _NOBODYS_WORDS:
        return True
    has_content = _text(payload.get("body")) is not None or payload.get("hasMedia") is True
    return bool(blocks) and not has_content and blocks.keys() <= _NOBODYS_BLOCKS


def _kind(
    payload: Mapping[str, Any],
    webjs: object,
    blocks: Mapping[str, Any],
    media: InboundMedia | None,
) -> str:
    for name, block in blocks.items():
        kind = _PROTOCOL_KINDS.get(name)
        if kind == "audio":
            inside = _dict(block)
            return "voice" if inside.get("ptt") is True or inside.get("PTT") is True else "audio"
        if kind is not None:
            return kind
    if isinstance(webjs, str):
        return _WEBJS_KINDS.get(webjs, "other")
    if isinstance(payload.get("location"), dict):
        return "location"
    if payload.get("vCards"):
        return "contact"
    if media is not None:
        return _kind_of_file(media)
    return "text" if _text(payload.get("body")) is not None else "other"


def _kind_of_file(media: InboundMedia) -> str:
    mimetype = (media.mimetype or "").lower()
    family = mimetype.partition("/")[0]
    if mimetype == "image/webp" and media.filename is None:
        return "sticker"
    if family in ("image", "video"):
        return family
    if family == "audio":
        # Voice notes are Opus in Ogg; music and recordings of other programs are not.
        return "voice" if mimetype.startswith("audio/ogg") else "audio"
    return "document" if mimetype else "other"


def _said(payload: Mapping[str, Any], kind: str, blocks: Mapping[str, Any]) -> str | None:
    if kind in ("location", "sticker"):
        return None  # WEBJS puts a thumbnail there
    text = _text(payload.get("body"))
    if kind == "contact" and text is not None and text.startswith("BEGIN:VCARD"):
        return None
    if text is not None:
        return text
    for name, fields in _CHOICES:
        block = _dict(blocks.get(name))
        for name_inside in fields:
            if chosen := _text(block.get(name_inside)):
                return chosen
    return _text(blocks.get("conversation")) or _caption(blocks)


def _caption(blocks: Mapping[str, Any]) -> str | None:
    for block in blocks.values():
        inside = _dict(block)
        if found := _text(inside.get("caption")) or _text(inside.get("text")):
            return found
    return None


def _media(
    payload: Mapping[str, Any], data: Mapping[str, Any], blocks: Mapping[str, Any]
) -> InboundMedia | None:
    media = _dict(payload.get("media"))
    if not media and payload.get("hasMedia") is not True:
        return None
    block = next((_dict(one) for one in blocks.values() if _dict(one).get("mimetype")), {})
    path, url = _place(media)
    mimetype = _short(media.get("mimetype")) or _short(block.get("mimetype"))
    return InboundMedia(
        mimetype=mimetype or _short(data.get("mimetype")),
        filename=_short(media.get("filename")) or _short(block.get("fileName")),
        path=path,
        url=url,
        error=_media_error(media.get("error")),
        size_bytes=_size_bytes(block.get("fileLength")) or _size_bytes(data.get("size")),
    )


def _place(media: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """(path on the WAHA server, address in foreign storage): one of them or neither."""
    given = media.get("url")
    if (
        not isinstance(given, str)
        or not 0 < len(given) <= URL_CHARS_MOST
        or not given.isprintable()
    ):
        return None, None
    try:
        parts = urlsplit(given)
    except ValueError:
        return None, None
    if _FILES in parts.path:
        return media_path(given), None
    is_signed = "X-Amz-Signature" in parts.query or isinstance(media.get("s3"), dict)
    if is_signed and parts.scheme in ("http", "https") and parts.netloc:
        return None, given
    return None, None


def _media_error(value: object) -> str | None:
    if not value:
        return None
    inside = _dict(value)
    told = _text(inside.get("details")) or _text(inside.get("message")) or _text(value)
    return (told or "WAHA could not download it.")[:NAME_CHARS_MOST]


def _extra(
    payload: Mapping[str, Any], kind: str, blocks: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if kind == "location":
        return _location(payload, blocks)
    if kind == "contact":
        cards = payload.get("vCards")
        listed = [card[:TEXT_CHARS_MOST] for card in _list(cards) if isinstance(card, str)]
        return {"vcards": listed} if listed else None
    if kind == "poll":
        return _poll(payload, blocks)
    for name, fields in _CHOICES:
        block = _dict(blocks.get(name))
        choice = block.get("selectedId") or block.get("selectedButtonId")
        if name == "listResponseMessage":
            choice = _dict(block.get("singleSelectReply")).get("selectedRowId")
        if fields and isinstance(choice, str) and choice:
            return {"choice": choice[:NAME_CHARS_MOST]}
    return None


def _location(payload: Mapping[str, Any], blocks: Mapping[str, Any]) -> Mapping[str, Any] | None:
    told = _dict(payload.get("location"))
    block = _dict(blocks.get("locationMessage")) or _dict(blocks.get("liveLocationMessage"))
    latitude = _degrees(told.get("latitude"), block.get("degreesLatitude"))
    longitude = _degrees(told.get("longitude"), block.get("degreesLongitude"))
    if latitude is None or longitude is None:
        return None
    name = _short(told.get("title")) or _short(told.get("description")) or _short(told.get("name"))
    name = name or _short(block.get("name")) or _short(block.get("address"))
    return {"location": {"latitude": latitude, "longitude": longitude, "name": name}}


def _poll(payload: Mapping[str, Any], blocks: Mapping[str, Any]) -> Mapping[str, Any] | None:
    block = next((_dict(one) for name, one in blocks.items() if name.startswith("poll")), {})
    told = _dict(payload.get("poll")) or block
    options = [
        option if isinstance(option, str) else _dict(option).get("optionName")
        for option in _list(told.get("options"))
    ]
    name = _short(told.get("name"))
    if name is None:
        return None
    named = [option[:NAME_CHARS_MOST] for option in options if isinstance(option, str)]
    return {"poll": {"name": name, "options": named}}


def _blocks(data: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol's parts of a message, without the wrappers around them."""
    inner = _dict(data.get("Message")) or _dict(data.get("message"))
    for _ in range(WRAPPERS_MOST):
        wrapped = next(_unwrapped(inner), None)
        if wrapped is None:
            break
        inner = wrapped
    return {name: block for name, block in inner.items() if block is not None}


def _unwrapped(blocks: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """View-once, disappearing and captioned-document messages hold the real one inside."""
    for block in blocks.values():
        inside = _dict(_dict(block).get("message"))
        if inside:
            yield inside


def _bare(value: object) -> str | None:
    named = parse_message_id(value) if isinstance(value, str) else None
    return None if named is None else named.bare


def _size_bytes(value: object) -> int | None:
    if isinstance(value, dict):
        value = value.get("low")  # protobuf's 64-bit numbers in JavaScript
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value, re.ASCII):
        value = int(value)
    is_size = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15
    return value if isinstance(value, int) and is_size else None


def _degrees(*values: object) -> float | None:
    for value in values:
        if isinstance(value, str) and re.fullmatch(
            r"-?[0-9]{1,3}(\.[0-9]{1,20})?", value, re.ASCII
        ):
            value = float(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, int | float) and is_number and -180 <= value <= 180:
            return float(value)
    return None


def _text(value: object) -> str | None:
    return value[:TEXT_CHARS_MOST] if isinstance(value, str) and value else None


def _short(value: object) -> str | None:
    return value[:NAME_CHARS_MOST] if isinstance(value, str) and value else None


def _list(value: object) -> list[Any]:
    return value[:LIST_MOST] if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
