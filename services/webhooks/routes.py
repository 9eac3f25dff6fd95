"""/webhooks/waha takes WAHA's events and says 200 once they are stored; /webhook-events shows them.

Receiving is a hot path: a Starlette route that never waits for a thread but for the commit, which
all deliveries that wait at the same time share.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import Query
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from services.integrations.waha.webhooks import verify_hmac
from services.kit.http import (
    ANYBODY,
    ID_MOST,
    MANAGERS,
    CurrentMember,
    Db,
    PageAsked,
    ReadDb,
    Router,
)
from services.kit.secrets import SealBroken
from services.webhooks import service
from services.webhooks.models import WebhookEvent
from services.webhooks.receive import Batcher, Senders, event_of
from services.webhooks.repository import Wanted
from services.webhooks.schemas import EventDetail, EventOut, EventPage, EventState

BODY_BYTES_MOST = 1024 * 1024
RETRY_AFTER_S = "5"

router = Router(prefix="/webhook-events", tags=["webhook events"])
log = structlog.get_logger("services.webhooks")
RECEIVED = Counter("alir_webhooks_total", "WAHA deliveries, by answer.", ["status"])


@router.get("", dependencies=[ANYBODY])
def list_events(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    state: Annotated[EventState | None, Query()] = None,
    type: Annotated[str | None, Query(max_length=40)] = None,  # noqa: A002 - the spec's word
    device_id: Annotated[int | None, Query(ge=1, le=ID_MOST)] = None,
) -> EventPage:
    """What WAHA told us, newest first; unknown and unheard events are IGNORED, not gone."""
    wanted = Wanted(state, type, device_id)
    found = service.listed(session, member.tenant_id, wanted, page.after, page.limit)
    return EventPage(
        items=[EventOut.model_validate(one) for one in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.get("/{event_id}", dependencies=[MANAGERS])
def get(event_id: int, member: CurrentMember, session: ReadDb) -> EventDetail:
    """One event with its body, as it came: it holds what customers wrote."""
    found = service.get(session, member.tenant_id, event_id)
    shown = EventOut.model_validate(found).model_dump()
    return EventDetail(**shown, raw=found.raw.decode("utf-8", "replace"))


@router.post("/{event_id}/replay", dependencies=[MANAGERS], response_model=EventOut)
def replay(event_id: int, member: CurrentMember, session: Db) -> WebhookEvent:
    """Deal once more with an event that failed three times; 409 for any other."""
    return service.replay(session, member.tenant_id, event_id)


@dataclass(slots=True)
class Desk:
    """What the receiving route keeps between requests."""

    senders: Senders
    batcher: Batcher


async def receive(request: Request) -> Response:
    """Store one delivery: 200 once it is committed, and for a repeated one.

    401 wrong signature, 404 no such device, 413 too large, 400 no JSON or cut off, 503 not
    stored: WAHA delivers anything but 2xx again.
    """
    answer = await _receive(request)
    RECEIVED.labels(str(answer.status_code)).inc()
    return answer


async def _receive(request: Request) -> Response:
    state = request.app.state
    desk = _desk(state)
    try:
        raw = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if raw is None:
        return Response(status_code=413)
    try:
        sender = await desk.senders.find(request.path_params["device_key"])
    except (SQLAlchemyError, SealBroken) as error:
        log.error("webhook_device_unreadable", kind=type(error).__name__)
        return Response(status_code=503, headers={"Retry-After": RETRY_AFTER_S})
    if sender is None:
        return Response(status_code=404)
    headers = request.headers
    if not verify_hmac(raw, headers.get("X-Webhook-Hmac"), sender.secret):
        return Response(status_code=401)
    event = event_of(raw, sender, headers.get("X-Webhook-Request-Id"), state.clock.now())
    if event is None:
        return Response(status_code=400)
    if not await desk.batcher.store(event):
        return Response(status_code=503, headers={"Retry-After": RETRY_AFTER_S})
    return Response(status_code=200)


def _desk(state: Any) -> Desk:
    desk = getattr(state, "webhook_desk", None)
    if desk is None:
        desk = Desk(Senders(state.database, state.sealer), Batcher(state.database, state.doorbell))
        state.webhook_desk = desk
    found: Desk = desk
    return found


async def _body(request: Request) -> bytes | None:
    """The raw bytes, or None when there are too many of them."""
    announced = request.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdecimal() and int(announced[:20]) > BODY_BYTES_MOST:
        return None
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MOST:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


hot_routes = [Route("/webhooks/waha/{device_key}", receive, methods=["POST"])]
