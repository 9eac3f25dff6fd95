"""Checks of what a node reads: any value may come from a reference, so none is trusted."""

import re
from collections.abc import Mapping
from typing import Any

from domain.phone import PhoneKind, Refusal, parse
from nodes.contract import NodeError

MAX_TEXT_CHARS = 65_536
"""The longest text WhatsApp shows whole."""

_PHONE = re.compile(r"[1-9][0-9]{4,14}")
_CHAT_ID = re.compile(r"[0-9A-Za-z.:_-]{1,64}@(c\.us|s\.whatsapp\.net|lid|g\.us)")


def wanted(value: Any, name: str) -> str:
    """`value` as text that is not blank.

    Raises: NodeError (bad_config) that says which input is missing or of the wrong type.
    """
    if isinstance(value, str) and value.strip():
        return value
    if value is None or isinstance(value, str):
        raise NodeError(
            f"{name} is empty. Fill it in, or check the step it comes from.",
            code=f"empty_{name}",
        )
    raise NodeError(
        f"{name} should be text but is {kind_of(value)}. Check the step it comes from.",
        code=f"bad_{name}",
    )


def message_text(value: Any, name: str = "text") -> str:
    """Text that WhatsApp can carry."""
    text = wanted(value, name)
    if len(text) > MAX_TEXT_CHARS:
        raise NodeError(
            f"{name} has {len(text)} characters; WhatsApp takes {MAX_TEXT_CHARS}.",
            code=f"{name}_too_long",
        )
    return text


def person(value: Any, name: str = "to") -> str:
    """A phone in digits (E.164 without plus) or a chat id, from however it was written.

    Digits that begin with neither 0 nor + are taken as they are: that is how contacts and chats
    hold a number, and 819012345678 is somebody in Japan.

    Raises: NodeError (bad_config) with the reason why it is no phone.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    written = wanted(value, name).strip()
    if _PHONE.fullmatch(written) or _CHAT_ID.fullmatch(written):
        return written
    found = parse(written)
    if isinstance(found, Refusal):
        raise NodeError(
            f"{name}: {written[:40]!r} is no WhatsApp number. {found.hint}",
            code=f"bad_{name}",
            detail={"reason": str(found.reason)},
        )
    return f"{found.digits}@lid" if found.kind is PhoneKind.LID else found.digits


def media_reference(media: Any) -> str:
    """What `Ports.media` understands: an id or address, also out of a message's media object.

    Raises: NodeError (empty_media, bad_media).
    """
    if isinstance(media, Mapping):
        media = media.get("ref") or media.get("id") or media.get("url")
    if isinstance(media, int) and not isinstance(media, bool):
        media = str(media)
    if isinstance(media, str) and media.strip():
        return media.strip()
    if media is None or media == "":
        raise NodeError(
            "There is no file. Choose one, or check the step it comes from.", code="empty_media"
        )
    raise NodeError(f"media should be a file but is {kind_of(media)}.", code="bad_media")


def device_name(value: Any) -> str:
    """The name of a device, as pick-device and triggers give it."""
    return wanted(value, "device").strip()


def names(value: Any, name: str) -> list[str]:
    """A list of words without blanks and repeats, in the order given.

    Raises: NodeError (bad_config) when it is no list of texts.
    """
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise NodeError(f"{name} should be a list of texts but is {kind_of(value)}.")
    return list(dict.fromkeys(item.strip() for item in value if item.strip()))


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """An object. Raises: NodeError (bad_config) when it is something else."""
    if not isinstance(value, Mapping):
        raise NodeError(f"{name} should be an object but is {kind_of(value)}.")
    return value


def from_scope(scope: Mapping[str, Any], *path: str) -> Any:
    """The value at `path` of what a run may see, None when any part of it is missing."""
    found: Any = scope
    for key in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def kind_of(value: Any) -> str:
    """What a value is, in words for a message."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return type(value).__name__
