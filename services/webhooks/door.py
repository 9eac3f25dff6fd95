"""The hot door for WAHA's events: answers /webhooks/waha/ before everything else, passes the rest.

It waits for no thread but the commit, which all deliveries that wait at the same time share, and
leaves out the web framework, which would cost as much as all the rest together.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from services.integrations.waha.webhooks import verify_hmac
from services.kit.clock import Clock
from services.kit.edge import REQUESTS
from services.kit.secrets import SealBroken
from services.webhooks.receive import Batcher, Senders, event_of

PREFIX = "/webhooks/waha/"
BODY_BYTES_MOST = 1024 * 1024
STATUSES = (200, 400, 401, 404, 405, 413, 503)

# ASGI's own shapes: this module knows no framework.
Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
_PLAIN: Headers = [(b"content-length", b"0"), (b"x-content-type-options", b"nosniff")]
_HEADERS: dict[int, Headers] = {
    405: [*_PLAIN, (b"allow", b"POST")],
    413: [*_PLAIN, (b"connection", b"close")],
    503: [*_PLAIN, (b"retry-after", b"5")],
}

log = structlog.get_logger("services.webhooks")
_RECEIVED = Counter("alir_webhooks_total", "WAHA deliveries, by answer.", ["status"])
RECEIVED = {status: _RECEIVED.labels(str(status)) for status in STATUSES}
ANSWERED = {status: REQUESTS.labels("POST", str(status)) for status in STATUSES}


class Door:
    """An ASGI layer: 200 once a delivery is committed, and for a repeated one.

    401 wrong signature, 404 no such device, 413 too large, 400 no JSON or cut off, 503 not stored:
    WAHA delivers anything but 2xx again.
    """

    def __init__(self, app: AsgiApp, senders: Senders, batcher: Batcher, clock: Clock) -> None:
        self._app = app
        self._senders = senders
        self._batcher = batcher
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        status = await self._status(scope, receive)
        RECEIVED[status].inc()
        ANSWERED[status].inc()
        headers = _HEADERS.get(status, _PLAIN)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Scope, receive: Receive) -> int:
        if scope["method"] != "POST":
            return 405
        length, signature, request_id = _of_interest(scope["headers"])
        if length is not None and length > BODY_BYTES_MOST:
            return 413
        raw = await _body(receive)
        if isinstance(raw, int):
            return raw
        key = scope["path"][len(PREFIX) :]
        known = self._senders.known(key)
        try:
            sender = known[0] if known is not None else await self._senders.find(key)
        except (SQLAlchemyError, SealBroken) as error:
            log.error("webhook_device_unreadable", kind=type(error).__name__)
            return 503
        if sender is None:
            return 404
        if not verify_hmac(raw, signature, sender.secret):
            return 401
        event = event_of(raw, sender, request_id, self._clock.now())
        if event is None:
            return 400
        return 200 if await self._batcher.store(event) else 503


def _of_interest(
    headers: Iterable[tuple[bytes, bytes]],
) -> tuple[int | None, str | None, str | None]:
    """(the announced size, the signature, the delivery's id)."""
    length = signature = request_id = None
    for name, value in headers:
        if name == b"x-webhook-hmac":
            signature = value.decode("latin-1")
        elif name == b"x-webhook-request-id":
            request_id = value.decode("latin-1")
        elif name == b"content-length" and value.isdigit():
            length = int(value[:20])
    return length, signature, request_id


async def _body(receive: Receive) -> bytes | int:
    """The raw bytes; or the status that refuses them: too many, or cut off."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return 400
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MOST:
            return 413
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
