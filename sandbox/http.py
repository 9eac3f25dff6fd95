"""Reading requests and answering errors the way WAHA does; holding and cutting connections."""

import asyncio
import contextlib
import hmac
import socket
import struct
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import errors
from sandbox.errors import EngineError, WahaError, answer
from sandbox.faults import Rule
from sandbox.ledger import LedgerFull
from sandbox.limits import BODY_BYTES_MAX
from sandbox.media import MediaTooLarge
from sandbox.world import World

_GUARDED = ("/api", "/health", "/ws")
_RESET = struct.pack("ii", 1, 0)


class LineCut(Exception):
    """The connection was reset on purpose; there is nobody left to answer."""


def world_of(request: Request) -> World:
    world: World = request.app.state.world
    return world


async def read_json(request: Request) -> dict[str, Any]:
    """The body as an object; {} when there is none. Raises WahaError 400, EngineError."""
    length = int(request.headers.get("content-length") or 0)
    if length > BODY_BYTES_MAX:
        await _drain(request)
        raise _too_large(length)
    raw = await request.body()
    if len(raw) > BODY_BYTES_MAX:
        raise _too_large(len(raw))
    if not raw:
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise errors.bad_json(raw) from None
    request.scope["sandbox.body"] = body
    return body if isinstance(body, dict) else {}


async def _drain(request: Request) -> None:
    """Read on without keeping anything, so that the client gets to see the answer."""
    async for _ in request.stream():
        pass


def _too_large(length: int) -> EngineError:
    return EngineError(
        "request entity too large",
        name="PayloadTooLargeError",
        expected=length,
        length=length,
        limit=BODY_BYTES_MAX,
        type="entity.too.large",
    )


def whole_number(request: Request, name: str, default: int, maximum: int) -> int:
    """A query parameter within [0, maximum]. Raises WahaError 400."""
    raw = request.query_params.get(name)
    if raw is None or raw == "":
        return default
    try:
        return min(max(int(float(raw)), 0), maximum)
    except (ValueError, OverflowError):
        problem = f"{name} must be a number conforming to the specified constraints"
        raise errors.named(400, [problem]) from None


def flag(request: Request, name: str, default: bool) -> bool:
    raw = request.query_params.get(name)
    return default if raw is None else raw.lower() == "true"


class Guard:
    """Asks for the API key where WAHA does."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        key = world.config.api_key
        self._key = key.encode() if key else None
        self._accepts_query = not world.config.is_legacy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._key is not None and scope["type"] == "http" and scope["path"].startswith(_GUARDED):
            given = self._given_key(scope)
            if given is None or not hmac.compare_digest(given, self._key):
                await answer(errors.unauthorized().body, 401)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _given_key(self, scope: Scope) -> bytes | None:
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                return bytes(value)
        if self._accepts_query:
            values = parse_qs(scope["query_string"].decode("latin-1")).get("x-api-key")
            return values[0].encode() if values else None
        return None


async def wait_until_gone(request: Request, seconds: float) -> bool:
    """Keep a client waiting; whether it hung up within that time."""

    async def gone() -> None:
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                return

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone(), seconds)
        return True
    return False


async def cut_line(request: Request) -> Response:
    """Reset the connection (RST). In-process clients see ConnectionResetError instead."""
    send = request.scope["sandbox.send"]
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox reset this connection on purpose")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        # ValueError: the client hung up first, and the descriptor is gone.
        with contextlib.suppress(OSError, ValueError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
    await wait_until_gone(request, 5.0)
    return _NoAnswer()


class _NoAnswer(Response):
    """Nothing is written: the line is gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        return


async def common_fault(request: Request, rule: Rule) -> Response | None:
    """Do what a fault demands before anything happens; None when the call may go on."""
    if rule.kind == "slow":
        await asyncio.sleep(rule.ms / 1000)
        return None
    if rule.kind == "refuse":
        raise refusal(rule)
    if rule.kind == "http_500_before":
        raise errors.grpc_error("Timed out")
    if rule.kind == "rate_overlimit":
        raise EngineError(
            "rate-overlimit", data=429, isBoom=True, isServer=True, output={}, name="Error"
        )
    if rule.kind == "hang":
        await wait_until_gone(request, rule.seconds)
        return await cut_line(request)
    if rule.kind == "reset_before":
        return await cut_line(request)
    return None


def refusal(rule: Rule) -> WahaError:
    headers = None
    if rule.retry_after is not None:
        headers = {"Retry-After": f"{rule.retry_after:g}"}
    if rule.status == 401:
        return errors.unauthorized()
    words = {
        403: "Forbidden resource",
        422: "The simulator refuses this call",
        429: "Too Many Requests",
    }
    return errors.named(rule.status, words[rule.status], headers)


async def on_waha_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, WahaError)
    return answer(error.body, error.status, error.headers)


async def on_engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    body = request.scope.get("sandbox.body")
    if body is None and error.exception.get("type") != "entity.too.large":
        body = {}
    version = world_of(request).version_body
    return answer(errors.engine_failure_body(error, request, body, version), 500)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        query = request.url.query
        path = request.url.path + (f"?{query}" if query else "")
        missing = errors.named(404, f"Cannot {request.method} {path}")
        return answer(missing.body, 404)
    return answer({"message": error.detail, "statusCode": error.status_code}, error.status_code)


async def on_line_cut(_request: Request, _error: Exception) -> Response:
    return _NoAnswer()


async def on_full(_request: Request, error: Exception) -> Response:
    full = errors.named(507, str(error))
    return answer(full.body, 507)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    WahaError: on_waha_error,
    EngineError: on_engine_error,
    HTTPException: on_http_exception,
    LedgerFull: on_full,
    LineCut: on_line_cut,
    MediaTooLarge: on_full,
}
