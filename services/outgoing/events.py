"""What other systems may be told, and writing it down for those that asked."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from services.kit.db import Database
from services.outgoing import repository

EVENTS: Mapping[str, str] = {
    "message.received": "A customer wrote.",
    "message.sent": "A message went out.",
    "message.failed": "A message could not be sent.",
    "run.failed": "A run of a flow failed or got stuck.",
    "device.status": "A device was connected or lost.",
    "campaign.started": "A campaign began.",
    "campaign.paused": "A campaign was paused.",
    "campaign.resumed": "A campaign goes on.",
    "campaign.cancelled": "A campaign was cancelled.",
    "campaign.completed": "Everybody in a campaign has a final state.",
    "contact.created": "A contact was written down.",
    "contact.updated": "A contact was changed.",
    "contact.tagged": "A contact was given tags.",
    "contact.untagged": "Tags were taken from a contact.",
    "contact.opted_out": "A customer wants no promotions any more.",
    "contact.opted_in": "A customer wants promotions again.",
}
TEST = "webhook.test"
"""Sent when somebody tries an address; nobody subscribes to it."""
KNOWN_FOR_S = 5.0
"""How long a process may not know of a new address."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address that wants to be told; `events` empty: everything."""

    endpoint_id: int
    events: frozenset[str]


_known: "WeakKeyDictionary[Engine, tuple[float, dict[int, list[Listener]]]]" = WeakKeyDictionary()
_knowing = threading.Lock()


def listeners(connection: Connection, tenant_id: int, event: str) -> Sequence[Listener]:
    """The tenant's addresses that want this event, read every few seconds."""
    return [
        one for one in _all(connection).get(tenant_id, ()) if not one.events or event in one.events
    ]


def anybody(connection: Connection) -> bool:
    """Whether any tenant has an address at all."""
    return bool(_all(connection))


def forget(where: Connection | Session | Database) -> None:
    """Read the addresses anew: they were changed in this process."""
    engine = where.engine if isinstance(where, Database) else _engine(where)
    with _knowing:
        _known.pop(engine, None)


def tell(
    connection: Connection,
    tenant_id: int,
    event: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    only: int | None = None,
) -> int:
    """Write an event down for every address that wants it, in the transaction that made it true.

    Costs nothing for tenants without addresses. `only`: for this address alone, whatever it wants.
    Returns for how many.
    """
    wanted = (
        [only]
        if only is not None
        else [one.endpoint_id for one in listeners(connection, tenant_id, event)]
    )
    if not wanted:
        return 0
    event_id = f"evt_{token_hex(16)}"
    body = {"type": event, "timestamp": now.isoformat(), "data": dict(data)}
    repository.add_deliveries(
        connection,
        [
            {
                "tenant_id": tenant_id,
                "endpoint_id": endpoint_id,
                "event_id": event_id,
                "event": event,
                "body": body,
                "status": "PENDING",
                "attempts": 0,
                "next_attempt_at": now,
                "created_at": now,
            }
            for endpoint_id in wanted
        ],
    )
    return len(wanted)


def _all(connection: Connection) -> dict[int, list[Listener]]:
    engine = connection.engine
    with _knowing:
        kept = _known.get(engine)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    found: dict[int, list[Listener]] = {}
    for row in repository.active_endpoints(connection):
        found.setdefault(row.tenant_id, []).append(Listener(row.id, frozenset(row.events or ())))
    with _knowing:
        _known[engine] = (time.monotonic() + KNOWN_FOR_S, found)
    return found


def _engine(where: Connection | Session) -> Engine:
    return (where if isinstance(where, Connection) else where.connection()).engine
