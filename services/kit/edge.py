"""The outermost layer of the API: request ids, security headers, and a count of every answer."""

import re
import secrets
import time

import orjson
import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit import problems

REQUESTS = Counter(
    "alir_http_requests_total", "Answers, by method and status.", ["method", "status"]
)
SECONDS = Histogram("alir_http_request_seconds", "How long answers took.")

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Edge:
    """Wraps the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        instead: bytes | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal instead
            if message["type"] == "http.response.body" and instead is not None:
                message = {**message, "body": instead}
                instead = b""
            if message["type"] == "http.response.start":
                instead = _in_our_words(message, request_id)
                _decorate(message, scope["path"], request_id)
                method = scope["method"] if scope["method"] in _METHODS else "OTHER"
                REQUESTS.labels(method, str(message["status"])).inc()
                SECONDS.observe(time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _request_id(scope: Scope) -> str:
    """The caller's id when it is harmless, else a fresh one."""
    found = (value for name, value in scope["headers"] if name == b"x-request-id")
    given = next(found, b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _in_our_words(message: Message, request_id: str) -> bytes | None:
    """The body to send instead: bodies that are too large are refused in plain text below us."""
    if message["status"] != 413:
        return None
    headers = MutableHeaders(scope=message)
    if headers.get("content-type") == problems.MEDIA_TYPE:
        return None
    told = problems.document(
        413, "too_large", problems.TOO_LARGE, request_id, hint=problems.SEND_LESS
    )
    body = orjson.dumps(told)
    headers["Content-Type"] = problems.MEDIA_TYPE
    headers["Content-Length"] = str(len(body))
    return body


def _decorate(message: Message, path: str, request_id: str) -> None:
    """Every answer passes here, the hot ones too: plain lists, and no look-up twice."""
    given = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
    there = {name.lower() for name, _ in given}
    given += [pair for pair in _SECURITY if pair[0] not in there]
    given.append((b"x-request-id", request_id.encode("latin-1")))
    if path.startswith("/api/") and b"cache-control" not in there:
        given.append((b"cache-control", b"no-store"))
    message["headers"] = given
