"""Structured logs: one line an event, with its request; secrets and phone numbers are masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

HIDDEN = "***"
_SECRET_NAMES = re.compile(
    r"pass(word)?|secret|token|authorization|cookie|api[-_]?key|hmac|signature|credential|sealed",
    re.IGNORECASE,
)
_CONTENT_NAMES = frozenset({"body", "text", "message_sent", "raw", "payload", "html"})
_SECRETS = re.compile(r"alir_[A-Za-z0-9_-]{8,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|gAAAA[\w=-]{20,}")
_PHONES = re.compile(r"(?<![\w.-])\+?(\d{4})\d{3,8}(\d{3})(?![\w.-])")
_BREAKS = {ord("\r"): "\\r", ord("\n"): "\\n"}

Event = MutableMapping[str, Any]


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Mask what must not stand in a log, by name and by shape."""
    for name, value in list(event.items()):
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name) or name in _CONTENT_NAMES:
        return HIDDEN if value else value
    if isinstance(value, str):
        return mask(value) if name != "exception" else masked_text(value)
    if isinstance(value, dict):
        return {key: _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked("", inner) for inner in value]
    return value


def masked_text(text: str) -> str:
    """A text without secrets and whole phone numbers; its lines stay."""
    return _PHONES.sub(r"\1***\2", _SECRETS.sub(HIDDEN, text))


def mask(text: str) -> str:
    """The same on one line: a line break would forge a log entry."""
    return masked_text(text).translate(_BREAKS)


QUIET = ("httpx", "httpcore", "aiohttp.access", "kombu", "alembic", "amqp", "asyncio")
"""Libraries whose chatter shows addresses with phone numbers, or nothing of use."""


def configure(
    level: str = "INFO",
    log_format: Literal["text", "json"] = "text",
    process: str = "",
) -> None:
    """Set logging up for this process; the standard library's loggers go the same way."""
    structlog.contextvars.clear_contextvars()
    if process:
        structlog.contextvars.bind_contextvars(process=process)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
