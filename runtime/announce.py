"""Tells other systems what happened here: what they asked for, in the transaction that did it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Table, select

from runtime.chat_scope import values_of
from runtime.claims import runs
from services.campaigns.models import Campaign
from services.devices.models import Device
from services.integrations.waha.inbound import Said
from services.kit import outbox
from services.messages.ledger import messages
from services.messages.record import Final
from services.outgoing import events

if TYPE_CHECKING:
    from runtime.inbound.reading import Heard

campaigns: Table = Campaign.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]

_OF_MESSAGE = {"SENT": "message.sent", "FAILED": "message.failed"}


def business(connection: Connection, event: Row[*tuple[Any, ...]], now: datetime) -> None:
    """An event of the outbox, for whoever wants it."""
    if event.name not in events.EVENTS or not events.listeners(
        connection, event.tenant_id, event.name
    ):
        return
    data = dict(event.payload)
    if "contact_id" in data:
        data["contact"] = values_of(connection, [data["contact_id"]]).get(data["contact_id"])
    if "campaign_id" in data:
        data["campaign"] = _campaign(connection, event.tenant_id, data["campaign_id"])
    if "device_id" in data:
        data["device"] = connection.execute(
            select(devices.c.session_name).where(
                devices.c.tenant_id == event.tenant_id, devices.c.id == data["device_id"]
            )
        ).scalar()
    if "run_id" in data:
        data["run"] = _run(connection, event.tenant_id, data["run_id"])
    events.tell(connection, event.tenant_id, event.name, data, now)


def heard(connection: Connection, incoming: "Sequence[Heard]", now: datetime) -> None:
    """Messages that customers wrote."""
    if not incoming or not events.anybody(connection):
        return
    for one in incoming:
        said = one.event
        if not isinstance(said, Said):
            continue
        data = {
            "message_id": said.bare_id,
            "chat_id": one.chat.id,
            "from": one.person.phone or one.person.lid,
            "contact_id": one.contact_id,
            "device_id": one.row.device_id,
            "kind": said.kind,
            "text": said.text,
            "at": said.sent_at.isoformat(),
        }
        events.tell(connection, one.row.tenant_id, "message.received", data, now)


def failed(connection: Connection, run: Any, now: datetime) -> None:
    """A run of its own that failed; elements of campaigns are counted in the campaign."""
    outbox.publish(connection, run.tenant_id, "run.failed", {"run_id": run.id}, now)


def dead(connection: Connection, run_ids: Sequence[int], now: datetime) -> None:
    """Runs that ended their workers again and again."""
    if run_ids:
        rows = connection.execute(
            select(runs.c.id, runs.c.tenant_id).where(
                runs.c.id.in_(run_ids), runs.c.campaign_id.is_(None)
            )
        ).all()
        for row in rows:
            failed(connection, row, now)


def sent(connection: Connection, finals: Sequence[Final]) -> None:
    """Messages that went out or could not be sent."""
    told = [one for one in finals if one.status in _OF_MESSAGE and one.kind in ("text", "media")]
    if not told or not events.anybody(connection):
        return
    rows = {
        row.id: row
        for row in connection.execute(
            select(
                messages.c.id,
                messages.c.tenant_id,
                messages.c.chat_key,
                messages.c.origin,
                messages.c.campaign_id,
                messages.c.run_id,
            ).where(messages.c.id.in_([one.message_id for one in told]))
        )
    }
    for one in told:
        row = rows.get(one.message_id)
        if row is None:
            continue
        data = {
            "message_id": one.wa_msg_id,
            "to": row.chat_key,
            "device": one.session,
            "text": one.body,
            "origin": row.origin,
            "campaign_id": row.campaign_id,
            "run_id": row.run_id,
            "reason": one.reason,
            "at": one.at.isoformat(),
        }
        events.tell(connection, row.tenant_id, _OF_MESSAGE[one.status], data, one.at)


def _campaign(connection: Connection, tenant_id: int, campaign_id: int) -> dict[str, Any] | None:
    row = connection.execute(
        select(
            campaigns.c.id,
            campaigns.c.name,
            campaigns.c.status,
            campaigns.c.status_reason,
            campaigns.c.target_count,
            campaigns.c.sent_count,
            campaigns.c.failed_count,
        ).where(campaigns.c.tenant_id == tenant_id, campaigns.c.id == campaign_id)
    ).first()
    return None if row is None else dict(row._mapping)


def _run(connection: Connection, tenant_id: int, run_id: int) -> dict[str, Any] | None:
    row = connection.execute(
        select(
            runs.c.id, runs.c.flow_id, runs.c.kind, runs.c.trigger, runs.c.status, runs.c.reason
        ).where(runs.c.tenant_id == tenant_id, runs.c.id == run_id)
    ).first()
    return None if row is None else dict(row._mapping)
