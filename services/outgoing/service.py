"""Addresses of other systems: made, changed, tried, and given again what they missed."""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from ipaddress import ip_address

from sqlalchemy.orm import Session

from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound
from services.kit.outbound_http import Refused, parts_of
from services.kit.public_addresses import is_public
from services.kit.secrets import Sealer
from services.outgoing import repository, signing
from services.outgoing.events import EVENTS, TEST, forget, tell
from services.outgoing.models import WebhookDelivery, WebhookEndpoint

ENDPOINTS_MOST = 20
OVER = ("DELIVERED", "GIVEN_UP")


def create(
    session: Session,
    sealer: Sealer,
    tenant_id: int,
    url: str,
    description: str,
    events: Sequence[str],
    allowed: Sequence[str],
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """A new address and its signing key. Raises: Invalid, Conflict when there are too many."""
    _check(url, allowed)
    _check_events(events)
    if len(repository.endpoints_of(session, tenant_id)) >= ENDPOINTS_MOST:
        raise Conflict(
            f"There are {ENDPOINTS_MOST} addresses already.",
            code="too_many_endpoints",
            hint="Delete one that is not needed any more.",
        )
    key = signing.new_key()
    row = WebhookEndpoint(
        tenant_id=tenant_id,
        url=url,
        description=description,
        events=list(dict.fromkeys(events)),
        secret_sealed=sealer.seal(key),
        is_active=True,
        disabled_reason=None,
        failures_in_row=0,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    forget(session)
    return row, key


def change(
    session: Session,
    tenant_id: int,
    endpoint_id: int,
    allowed: Sequence[str],
    now: datetime,
    *,
    url: str | None,
    description: str | None,
    events: Sequence[str] | None,
    is_on: bool | None,
) -> WebhookEndpoint:
    """Change an address; switched on again it starts with a clean slate."""
    row = get(session, tenant_id, endpoint_id)
    if url is not None:
        _check(url, allowed)
        row.url = url
    if description is not None:
        row.description = description
    if events is not None:
        _check_events(events)
        row.events = list(dict.fromkeys(events))
    if is_on is not None:
        row.is_active, row.disabled_reason = is_on, None
        row.failures_in_row = 0
    row.updated_at = now
    session.flush()
    forget(session)
    return row


def get(session: Session, tenant_id: int, endpoint_id: int) -> WebhookEndpoint:
    """Raises: NotFound."""
    row = repository.endpoint(session, tenant_id, endpoint_id)
    if row is None:
        raise NotFound("There is no such address.", hint="Look at the list of addresses.")
    return row


def delete(session: Session, tenant_id: int, endpoint_id: int) -> None:
    row = get(session, tenant_id, endpoint_id)
    repository.delete(session, row)
    forget(session)


def rotate(
    session: Session, sealer: Sealer, tenant_id: int, endpoint_id: int, now: datetime
) -> str:
    """A new signing key, used from the next attempt on."""
    row = get(session, tenant_id, endpoint_id)
    key = signing.new_key()
    row.secret_sealed = sealer.seal(key)
    row.updated_at = now
    session.flush()
    return key


def try_out(session: Session, tenant_id: int, endpoint_id: int, now: datetime) -> None:
    """Send an event that means nothing, once."""
    get(session, tenant_id, endpoint_id)
    tell(session.connection(), tenant_id, TEST, {"hello": "world"}, now, only=endpoint_id)


def deliveries(
    session: Session,
    tenant_id: int,
    endpoint_id: int,
    status: str | None,
    after: int | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    get(session, tenant_id, endpoint_id)
    return repository.page(session, tenant_id, endpoint_id, status, after, limit)


def replay(
    session: Session, tenant_id: int, endpoint_id: int, delivery_id: int, now: datetime
) -> None:
    """Deliver one again, under its old id. Raises: NotFound, Conflict while it is under way.

    One that waits for its next attempt is due at once.
    """
    get(session, tenant_id, endpoint_id)
    if not repository.replay(session, tenant_id, endpoint_id, OVER, now, delivery_id):
        row = session.get(WebhookDelivery, delivery_id)
        if row is None or row.tenant_id != tenant_id or row.endpoint_id != endpoint_id:
            raise NotFound("There is no such delivery.")
        raise Conflict("This delivery is under way.", code="delivery_under_way")


def replay_failed(session: Session, tenant_id: int, endpoint_id: int, now: datetime) -> int:
    """Deliver again everything that was given up, and at once what waits for its next attempt."""
    get(session, tenant_id, endpoint_id)
    return repository.replay(session, tenant_id, endpoint_id, ("GIVEN_UP",), now)


def _check(url: str, allowed: Sequence[str]) -> None:
    """Refuse what can never be delivered to; names are looked up when something is delivered."""
    try:
        _scheme, host, port, _clean = parts_of(url)
    except Refused as error:
        raise _wrong_url(error.message) from error
    if host in allowed or f"{host}:{port}" in allowed:
        return
    try:
        ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            raise _wrong_url("This is an address of this machine.") from None
        return
    if not is_public(host):
        raise _wrong_url("This is an address of this machine or of a private network.")


def _wrong_url(message: str) -> Invalid:
    hint = "Write it like https://shop.example.com/webhooks."
    return Invalid(message, code="bad_url", problems=[FieldProblem("url", message, hint)])


def _check_events(events: Sequence[str]) -> None:
    wrong = []
    for number, name in enumerate(events):
        if name not in EVENTS:
            near = get_close_matches(name, list(EVENTS), n=1)
            hint = (
                f"Did you mean '{near[0]}'?"
                if near
                else "GET /api/webhook-endpoints/events lists them."
            )
            wrong.append(FieldProblem(f"events.{number}", "There is no such event.", hint))
    if wrong:
        raise Invalid("Some of these events do not exist.", code="no_such_event", problems=wrong)
