"""/webhook-endpoints: tell other systems what happens here."""

from typing import Annotated, Literal

from fastapi import Query

from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, PageAsked, ReadDb, Router
from services.outgoing import repository, service
from services.outgoing.events import EVENTS
from services.outgoing.schemas import (
    DeliveryOut,
    DeliveryPage,
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    EventOut,
    KeyOut,
    NewEndpointOut,
    ReplayOut,
)

router = Router(tags=["webhooks"])


@router.get("/webhook-endpoints/events", dependencies=[ANYBODY])
def list_events() -> list[EventOut]:
    """What an address can be told."""
    return [EventOut(name=name, description=text) for name, text in EVENTS.items()]


@router.get("/webhook-endpoints", dependencies=[MANAGERS])
def list_endpoints(member: CurrentMember, session: ReadDb) -> list[EndpointOut]:
    """The tenant's addresses."""
    found = repository.endpoints_of(session, member.tenant_id)
    return [EndpointOut.model_validate(row) for row in found]


@router.post("/webhook-endpoints", dependencies=[MANAGERS], status_code=201)
def create_endpoint(
    given: EndpointIn, member: CurrentMember, app: App, session: Db
) -> NewEndpointOut:
    """Add an address; its signing key is told this once."""
    row, key = service.create(
        session,
        app.sealer,
        member.tenant_id,
        given.url,
        given.description,
        given.events,
        app.settings.http_allowed,
        app.clock.now(),
    )
    shown = EndpointOut.model_validate(row)
    return NewEndpointOut(**shown.model_dump(), signing_key=key)


@router.get("/webhook-endpoints/{endpoint_id}", dependencies=[MANAGERS])
def get_endpoint(endpoint_id: int, member: CurrentMember, session: ReadDb) -> EndpointOut:
    """One address."""
    return EndpointOut.model_validate(service.get(session, member.tenant_id, endpoint_id))


@router.patch("/webhook-endpoints/{endpoint_id}", dependencies=[MANAGERS])
def change_endpoint(
    endpoint_id: int, given: EndpointPatch, member: CurrentMember, app: App, session: Db
) -> EndpointOut:
    """Change an address, or switch it on or off."""
    row = service.change(
        session,
        member.tenant_id,
        endpoint_id,
        app.settings.http_allowed,
        app.clock.now(),
        url=given.url,
        description=given.description,
        events=given.events,
        is_on=given.is_on,
    )
    return EndpointOut.model_validate(row)


@router.delete("/webhook-endpoints/{endpoint_id}", dependencies=[MANAGERS], status_code=204)
def delete_endpoint(endpoint_id: int, member: CurrentMember, session: Db) -> None:
    """Take an address away, and what was delivered to it."""
    service.delete(session, member.tenant_id, endpoint_id)


@router.post("/webhook-endpoints/{endpoint_id}/rotate-key", dependencies=[MANAGERS])
def rotate_key(endpoint_id: int, member: CurrentMember, app: App, session: Db) -> KeyOut:
    """Make a new signing key."""
    now = app.clock.now()
    key = service.rotate(session, app.sealer, member.tenant_id, endpoint_id, now)
    return KeyOut(signing_key=key)


@router.post("/webhook-endpoints/{endpoint_id}/test", dependencies=[MANAGERS], status_code=202)
def try_endpoint(endpoint_id: int, member: CurrentMember, app: App, session: Db) -> ReplayOut:
    """Send a test event; the list of deliveries tells how it went."""
    service.try_out(session, member.tenant_id, endpoint_id, app.clock.now())
    return ReplayOut(replayed=1)


@router.get("/webhook-endpoints/{endpoint_id}/deliveries", dependencies=[MANAGERS])
def list_deliveries(
    endpoint_id: int,
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    status: Annotated[
        Literal["PENDING", "SENDING", "DELIVERED", "GIVEN_UP"] | None, Query()
    ] = None,
) -> DeliveryPage:
    """What was sent to an address, newest first."""
    found = service.deliveries(
        session, member.tenant_id, endpoint_id, status, page.after, page.limit
    )
    return DeliveryPage(
        items=[DeliveryOut.model_validate(row) for row in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post(
    "/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/replay",
    dependencies=[MANAGERS],
    status_code=202,
)
def replay_delivery(
    endpoint_id: int, delivery_id: int, member: CurrentMember, app: App, session: Db
) -> ReplayOut:
    """Deliver one again, under the id it had."""
    service.replay(session, member.tenant_id, endpoint_id, delivery_id, app.clock.now())
    return ReplayOut(replayed=1)


@router.post("/webhook-endpoints/{endpoint_id}/replay", dependencies=[MANAGERS], status_code=202)
def replay_failed(endpoint_id: int, member: CurrentMember, app: App, session: Db) -> ReplayOut:
    """Deliver again everything that was given up."""
    count = service.replay_failed(session, member.tenant_id, endpoint_id, app.clock.now())
    return ReplayOut(replayed=count)
