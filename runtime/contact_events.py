"""Starts the flows that wait for something to happen to a contact."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Table, func, select

from flows.engine.plan import PlanError
from flows.models import Trigger
from runtime.chat_scope import values_of
from runtime.claims import runs
from runtime.starts import start_run
from services.contacts.models import Contact

triggers: Table = Trigger.__table__  # type: ignore[assignment]
contacts: Table = Contact.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.contact_events")

PREFIX = "contact."
KIND = "event"
TRIGGER = "contact-event"
RUNS_MOST, WITHIN = 10, timedelta(minutes=10)
"""Of one flow for one contact: two flows that tag and untag each other come to rest."""


def start(connection: Connection, event: Row[Any], now: datetime) -> None:
    """Start every active flow that waits for this event."""
    what = event.name.removeprefix(PREFIX)
    contact_id = event.payload["contact_id"]
    tags = [str(tag) for tag in event.payload.get("tags") or ()]
    waiting = connection.execute(
        select(triggers)
        .where(
            triggers.c.tenant_id == event.tenant_id,
            triggers.c.type == TRIGGER,
            triggers.c.is_active,
        )
        .order_by(triggers.c.position, triggers.c.id)
    ).all()
    wanted = [row for row in waiting if _wants(row.params, what, tags)]
    if not wanted:
        return
    contact = values_of(connection, [contact_id]).get(contact_id)
    if contact is None:
        return
    for row in wanted:
        if _is_circling(connection, row, contact_id, now):
            log.warning("contact_event_circles", trigger=row.id, contact=contact_id)
            continue
        try:
            start_run(
                connection,
                tenant_id=row.tenant_id,
                flow_id=row.flow_id,
                version_id=row.flow_version_id,
                trigger_name=row.name,
                trigger_values={"event": what, "contact": contact, "tags": tags},
                kind=KIND,
                dedupe_key=f"outbox:{event.id}:{row.id}",
                contact_id=contact_id,
                chat_session_id=event.payload.get("chat_id"),
                now=now,
            )
        except (PlanError, LookupError, ValueError) as error:
            log.error("contact_event_broken", trigger=row.id, error=str(error)[:300])


def _wants(params: dict[str, Any], what: str, tags: list[str]) -> bool:
    if what not in params.get("events", ()):
        return False
    only = {str(tag).casefold() for tag in params.get("tags") or ()}
    if not only or what not in ("tagged", "untagged"):
        return True
    return any(tag.casefold() in only for tag in tags)


def _is_circling(connection: Connection, row: Any, contact_id: int, now: datetime) -> bool:
    lately = connection.execute(
        select(func.count())
        .select_from(runs)
        .where(
            runs.c.flow_id == row.flow_id,
            runs.c.identity_id == contact_id,
            runs.c.kind == KIND,
            runs.c.created_at > now - WITHIN,
        )
    ).scalar_one()
    return bool(lately >= RUNS_MOST)
