"""Structured logs of a process: one line an event, secrets and phone numbers masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.kit.config import Settings

HIDDEN = "***"
_SECRET_KEYS = re.compile(
    r"pass(word|wd)?|secret|token|api_?key|authorization|cookie|signature|hmac", re.I
)
_PHONE = re.compile(r"(?<!\d)(62\d{3})\d{4,8}(\d{3})(?!\d)")
QUIET = ("httpx", "httpcore", "aiohttp.access", "celery.redirected", "kombu", "alembic", "amqp")


def set_up_logs(settings: Settings, process: str) -> None:
    """Send structlog and the standard library's logs to standard error in one form."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
        masked,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _named(process: str) -> Any:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        event["process"] = process
        return event

    return add


def masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what is secret by its name, and phone numbers wherever they stand; no line breaks."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            one_line = value if key == "trace" else value.replace("\r", "\\r").replace("\n", "\\n")
            event[key] = _PHONE.sub(r"\1****\2", one_line)
    return event
