"""/webhook-events: what WAHA told us, and dealing once more with what could not be dealt with."""

from typing import Annotated

from fastapi import Query

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
from services.webhooks import service
from services.webhooks.models import WebhookEvent
from services.webhooks.repository import Wanted
from services.webhooks.schemas import EventDetail, EventOut, EventPage, EventState

router = Router(prefix="/webhook-events", tags=["webhook events"])


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
