"""Queries of addresses and deliveries; the claim looks over all tenants."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Table, and_, case, func, insert, or_, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from services.outgoing.models import WebhookDelivery, WebhookEndpoint

endpoints: Table = WebhookEndpoint.__table__  # type: ignore[assignment]
deliveries: Table = WebhookDelivery.__table__  # type: ignore[assignment]

LOOKED_AT = 20


def endpoints_of(session: Session, tenant_id: int) -> Sequence[WebhookEndpoint]:
    return session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.tenant_id == tenant_id)
        .order_by(WebhookEndpoint.id)
    ).all()


def endpoint(session: Session, tenant_id: int, endpoint_id: int) -> WebhookEndpoint | None:
    return session.scalar(
        select(WebhookEndpoint).where(
            WebhookEndpoint.tenant_id == tenant_id, WebhookEndpoint.id == endpoint_id
        )
    )


def page(
    session: Session,
    tenant_id: int,
    endpoint_id: int,
    status: str | None,
    after: int | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """Newest first, from below the id `after`."""
    query = select(WebhookDelivery).where(
        WebhookDelivery.tenant_id == tenant_id, WebhookDelivery.endpoint_id == endpoint_id
    )
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    if after is not None:
        query = query.where(WebhookDelivery.id < after)
    return session.scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit)).all()


def replay(
    session: Session,
    tenant_id: int,
    endpoint_id: int,
    statuses: Sequence[str],
    now: datetime,
    delivery_id: int | None = None,
) -> int:
    """Deliver again what stands in one of these states, under its old id; returns how many.

    What waits for its next attempt is due at once, too.
    """
    waits = and_(WebhookDelivery.status == "PENDING", WebhookDelivery.attempts > 0)
    change = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.tenant_id == tenant_id,
            WebhookDelivery.endpoint_id == endpoint_id,
            or_(WebhookDelivery.status.in_(statuses), waits),
        )
        .values(status="PENDING", attempts=0, next_attempt_at=now, delivered_at=None)
        .execution_options(synchronize_session=False)
    )
    if delivery_id is not None:
        change = change.where(WebhookDelivery.id == delivery_id)
    return int(session.execute(change).rowcount)  # type: ignore[attr-defined]


def delete(session: Session, row: WebhookEndpoint) -> None:
    """Delete an address and what was delivered to it."""
    session.execute(
        delete_rows(WebhookDelivery).where(
            WebhookDelivery.tenant_id == row.tenant_id, WebhookDelivery.endpoint_id == row.id
        )
    )
    session.delete(row)
    session.flush()


# ---------------------------------------------------------------- who is told


def active_endpoints(connection: Connection) -> Sequence[Row[*tuple[Any, ...]]]:
    """Every address of every tenant that wants to be told."""
    return connection.execute(
        select(endpoints.c.id, endpoints.c.tenant_id, endpoints.c.events).where(
            endpoints.c.is_active
        )
    ).all()


def add_deliveries(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(deliveries), list(rows))


# ---------------------------------------------------------------- the deliverers


def next_due_at(connection: Connection) -> datetime | None:
    """When the next attempt is due, or what a dead process left may be taken."""
    times = connection.execute(
        select(
            func.min(case((deliveries.c.status == "PENDING", deliveries.c.next_attempt_at))),
            func.min(case((deliveries.c.status == "SENDING", deliveries.c.lease_until))),
        )
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(deliveries.c.status.in_(("PENDING", "SENDING")), endpoints.c.is_active)
    ).one()
    return min((at for at in times if at is not None), default=None)


def claim(connection: Connection, now: datetime, lease: timedelta) -> Row[*tuple[Any, ...]] | None:
    """Take one delivery that is due, of an address that nobody is delivering to."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.status == "SENDING", deliveries.c.lease_until <= now)
        .values(status="PENDING", lease_token=None, lease_until=None)
    )
    busy = set(
        connection.execute(
            select(deliveries.c.endpoint_id).where(deliveries.c.status == "SENDING")
        ).scalars()
    )
    due = connection.execute(
        select(deliveries.c.id, deliveries.c.endpoint_id)
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(
            deliveries.c.status == "PENDING",
            deliveries.c.next_attempt_at <= now,
            endpoints.c.is_active,
            deliveries.c.endpoint_id.not_in(busy) if busy else deliveries.c.id > 0,
        )
        .order_by(deliveries.c.next_attempt_at, deliveries.c.id)
        .limit(LOOKED_AT)
    ).all()
    for one in due:
        token = uuid4().hex
        taken = connection.execute(
            update(deliveries)
            .where(deliveries.c.id == one.id, deliveries.c.status == "PENDING")
            .values(
                status="SENDING",
                lease_token=token,
                lease_until=now + lease,
                attempts=deliveries.c.attempts + 1,
            )
        )
        if taken.rowcount == 1:
            return connection.execute(
                select(deliveries, endpoints.c.url, endpoints.c.secret_sealed)
                .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
                .where(deliveries.c.id == one.id, deliveries.c.lease_token == token)
            ).first()
    return None


def record(
    connection: Connection,
    row: Row[*tuple[Any, ...]],
    *,
    status: str,
    next_attempt_at: datetime | None,
    answered: int | None,
    error: str | None,
    now: datetime,
) -> bool:
    """Write down how an attempt went; False when the delivery is somebody else's by now."""
    done = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == row.id, deliveries.c.lease_token == row.lease_token)
        .values(
            status=status,
            next_attempt_at=next_attempt_at,
            last_status=answered,
            last_error=error,
            delivered_at=now if status == "DELIVERED" else None,
            lease_token=None,
            lease_until=None,
        )
    )
    return done.rowcount == 1


def count_failure(connection: Connection, endpoint_id: int, failed: bool, now: datetime) -> int:
    """How often in a row the address did not take what it was sent."""
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(failures_in_row=endpoints.c.failures_in_row + 1 if failed else 0)
    )
    found: int | None = connection.execute(
        select(endpoints.c.failures_in_row).where(endpoints.c.id == endpoint_id)
    ).scalar()
    return found or 0


def disable(connection: Connection, endpoint_id: int, reason: str, now: datetime) -> None:
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(is_active=False, disabled_reason=reason[:200], updated_at=now)
    )
