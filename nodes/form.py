"""How a node's form is written down: a field with its words in both languages, and durations."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from nodes.contract import Language

Widget = Literal[
    "arms",
    "contact-picker",
    "contact-selector",
    "date-time",
    "device-picker",
    "duration",
    "hidden",
    "key-value",
    "list",
    "media",
    "message",
    "number",
    "phone",
    "rule",
    "select",
    "switch",
    "tags",
    "targets",
    "text",
    "textarea",
    "time-window",
    "cases",
]

MAX_WAIT_S = 365 * 86_400.0
"""The longest pause a flow may ask for: a year."""

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*(ms|s|m|h|d)")
_DURATION = r"^\s*(\d+([.,]\d+)?\s*(ms|s|m|h|d)\s*)+$|^\s*\d+(\.\d+)?\s*$"
_DURATION_RE = re.compile(_DURATION)


def form(
    title: str,
    title_id: str,
    description: str,
    description_id: str,
    *,
    default: Any = ...,
    lang: Language | None = None,
    widget: Widget | None = None,
    labels: dict[str, tuple[str, str]] | None = None,
    **limits: Any,
) -> Any:
    """A field of a form or an input, titled and described in English and in Indonesian.

    `labels` names the choices of a select: value -> (English, Indonesian). `limits` are those of
    pydantic's Field (`ge`, `min_length` ...). A mutable default goes in as `default_factory`.
    """
    extra: dict[str, Any] = {"title_id": title_id, "description_id": description_id}
    if lang is not None:
        extra["x-lang"] = lang
    if widget is not None:
        extra["x-widget"] = widget
    if labels is not None:
        extra["x-labels"] = {
            value: {"en": english, "id": indonesian}
            for value, (english, indonesian) in labels.items()
        }
    if "default_factory" not in limits:
        limits["default"] = default
    return Field(title=title, description=description, json_schema_extra=extra, **limits)


def reads(
    title: str,
    title_id: str,
    description: str,
    description_id: str,
    *,
    lang: Language | None = None,
    widget: Widget | None = None,
    **limits: Any,
) -> Any:
    """The same for an input, `Annotated[str, reads(...)]`: its default stands in the signature."""
    return form(title, title_id, description, description_id, lang=lang, widget=widget, **limits)


def duration_s(value: Any) -> float:
    """Seconds from a number or from text like `30s`, `1h 30m`, `1.5h`; a bare number is seconds.

    Raises: ValueError with a hint when it is neither, or negative, or above a year.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("expected a duration like 30s, 5m or 1h 30m")
    if isinstance(value, str):
        if not _DURATION_RE.match(value):
            raise ValueError(f"{value[:40]!r} is no duration; write it like 30s, 5m or 1h 30m")
        parts = _PART.findall(value)
        seconds = (
            sum(float(amount.replace(",", ".")) * _UNITS_S[unit] for amount, unit in parts)
            if parts
            else float(value)
        )
    else:
        seconds = float(value)
    if not 0 <= seconds <= MAX_WAIT_S:
        raise ValueError("a duration lies between 0 seconds and 365 days")
    return seconds


Seconds = Annotated[
    float,
    BeforeValidator(duration_s),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": MAX_WAIT_S},
                {"type": "string", "pattern": _DURATION},
            ]
        }
    ),
]
"""A duration in a form: seconds, or text with units."""

PORT_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
"""What a port made from a form may be called; the same rule as for node ids."""
