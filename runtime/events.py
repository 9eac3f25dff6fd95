"""Business events from the outbox: what a service wrote down, the runtime does."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from flows.document import Document
from flows.engine.plan import PlanError, compile_plan
from flows.engine.step import begin
from flows.models import FlowVersion
from runtime import announce, contact_events, own_campaign
from runtime.claims import runs
from runtime.schedules.fire import fire_due
from services.campaigns.models import Campaign
from services.kit import outbox
from services.kit.clock import Clock
from services.kit.db import Database
from services.messages.ledger import messages, ring

campaigns: Table = Campaign.__table__  # type: ignore[assignment]
versions: Table = FlowVersion.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.events")

BATCH = 50
CAMPAIGN_PRIORITY = 40


def take_outbox(database: Database, clock: Clock) -> int:
    """Deal with waiting events and schedules that are due, each in a transaction of its own.

    Returns how many there were.
    """
    with database.read() as connection:
        waiting = outbox.waiting(connection, BATCH)
    dealt_with = 0
    for event in waiting:
        try:
            with database.write() as connection:
                if outbox.done(connection, event.id, clock.now()):
                    deed = DEEDS.get(event.name)
                    if deed is not None:
                        deed(connection, event, clock.now())
                    announce.business(connection, event, clock.now())
                    dealt_with += 1
        except IntegrityError:
            # The run of this start exists already: a doubled event has one effect.
            with database.write() as connection:
                outbox.done(connection, event.id, clock.now())
            dealt_with += 1
        except (KeyError, TypeError, ValueError) as error:
            # It will not become readable: let it not stand before its neighbours for ever.
            log.error(
                "event_unreadable", event_id=event.id, name=event.name, error=repr(error)[:300]
            )
            with database.write() as connection:
                outbox.done(connection, event.id, clock.now())
            dealt_with += 1
    return dealt_with + fire_due(database, clock)


def _campaign_started(connection: Connection, event: Row[Any], now: datetime) -> None:
    """Begin the campaign's run; a flow that can't run holds the campaign with the reason."""
    campaign = _campaign(connection, event)
    if campaign is None or campaign.status not in ("PREPARING", "PROCESSING"):
        return
    document = connection.execute(
        select(versions.c.document).where(versions.c.id == campaign.flow_version_id)
    ).scalar()
    try:
        if document is None:
            raise LookupError("the published flow of this campaign is gone")
        plan = compile_plan(Document.model_validate(document), campaign.params)
        trigger = next(iter(plan.entries))
        state = begin(plan, trigger, trigger={"fired_at": now.isoformat()})
    except (PlanError, LookupError, ValueError, StopIteration) as error:
        log.warning("campaign_held", campaign=campaign.id, error=str(error)[:300])
        connection.execute(
            update(campaigns)
            .where(campaigns.c.id == campaign.id)
            .values(status="HELD", status_reason=f"flow_broken: {error}"[:200], updated_at=now)
        )
        return
    made = connection.execute(
        insert(runs),
        {
            "tenant_id": campaign.tenant_id,
            "flow_version_id": campaign.flow_version_id,
            "campaign_id": campaign.id,
            "trigger": trigger,
            "dedupe_key": f"campaign:{campaign.id}:{campaign.pass_no}",
            "mode": "live",
            "kind": "broadcast",
            "seed": campaign.seed,
            "status": "QUEUED",
            "priority": CAMPAIGN_PRIORITY,
            "queue": "hot",
            "state": state.to_dict(),
            "wake_at": now,
            "epoch": 0,
            "attempt": 0,
            "created_at": now,
        },
    )
    connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign.id)
        .values(
            run_id=made.inserted_primary_key[0],  # type: ignore[index]
            limits=own_campaign.limits_of(document, plan),
        )
    )


def _campaign_moved(connection: Connection, event: Row[Any], now: datetime) -> None:
    """Paused, resumed or cancelled: look at its run and its lanes at once."""
    campaign = _campaign(connection, event)
    if campaign is None:
        return
    connection.execute(
        update(runs)
        .where(runs.c.id == campaign.run_id, runs.c.status.in_(("WAITING", "QUEUED")))
        .values(wake_at=now)
    )
    waiting = connection.execute(
        select(messages.c.device_id)
        .where(messages.c.campaign_id == campaign.id, messages.c.status == "PENDING")
        .distinct()
    ).scalars()
    ring(connection, set(waiting), now)


def _campaign(connection: Connection, event: Row[Any]) -> Row[Any] | None:
    return connection.execute(
        select(campaigns).where(
            campaigns.c.id == event.payload["campaign_id"],
            campaigns.c.tenant_id == event.tenant_id,
        )
    ).first()


DEEDS: dict[str, Callable[[Connection, Row[Any], datetime], None]] = {
    "campaign.started": _campaign_started,
    "campaign.resumed": _campaign_moved,
    "campaign.paused": _campaign_moved,
    "campaign.cancelled": _campaign_moved,
    **{
        f"{contact_events.PREFIX}{what}": contact_events.start
        for what in ("created", "updated", "tagged", "untagged", "opted_out", "opted_in")
    },
}
