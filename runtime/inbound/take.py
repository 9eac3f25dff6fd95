"""Takes stored deliveries: a lease on a batch, the attempt counted before the work.

A delivery that was tried before is taken alone: if it was what ended its worker, its neighbours
are not ended with it. After three tries it is DEAD, its raw body kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Table, bindparam, literal, select, update

from services.chats import intake as chats
from services.contacts import identities
from services.kit.clock import Clock
from services.kit.statements import Hot
from services.webhooks.models import WebhookEvent

events: Table = WebhookEvent.__table__  # type: ignore[assignment]

BATCH = 200
LEASE_S = 30.0
LEASE_FLOOR_S = 3.0
MAX_ATTEMPTS = 3
ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class Taken:
    """Deliveries under our lease, with the people and chats that were looked up meanwhile."""

    rows: Sequence[Any] = ()
    people: dict[tuple[int, str], int] = field(default_factory=dict)
    """(tenant, number or LID) -> contact id."""
    chats: dict[tuple[int, int], Any] = field(default_factory=dict)
    """(device, contact) -> row of chat_sessions."""


def are_waiting(connection: Connection) -> bool:
    """Whether there is anything new to take."""
    return bool(_NEW_IDS.all(connection, {"limit": 1}))


def claim(
    connection: Connection, now: datetime, clock: Clock, limit: int = BATCH, *, lost: bool = True
) -> Taken:
    """Take a batch, the oldest first. `lost`: also look for what a dead worker left."""
    gone = _LOST.all(connection, {"now": now}) if lost else []
    due = gone[:1] or _NEW_IDS.all(connection, {"limit": limit})
    if not due:
        return Taken()
    # One of those that were tried before may be what ended its worker: try each by itself.
    tried = [row for row in due if row.attempts > 0]
    ids = [row.id for row in tried[:1] or due]
    if tried and tried[0].attempts >= MAX_ATTEMPTS:
        _BURY.run(connection, {"ids": ids, "now": now, "why": "It ended its worker three times."})
        return Taken()
    token = uuid4().hex
    until = now + timedelta(seconds=max(clock.seconds(LEASE_S), LEASE_FLOOR_S))
    if not _TAKE.run(connection, {"ids": ids, "now": now, "token": token, "until": until}):
        return Taken()
    taken = Taken(_TAKEN.all(connection, {"ids": ids, "token": token}))
    _greet(connection, taken, now)
    return taken


def _greet(connection: Connection, taken: Taken, now: datetime) -> None:
    """Whoever writes for the first time becomes a contact with a chat, so that all have ids."""
    by_tenant: dict[int, dict[str, list[int]]] = {}
    for row in taken.rows:
        if row.chat_key is not None:
            by_tenant.setdefault(row.tenant_id, {}).setdefault(row.chat_key, []).append(
                row.device_id
            )
    for tenant_id, places in by_tenant.items():
        ids = identities.known(connection, tenant_id, places)
        strangers = [identities.person_of(key) for key in places if key not in ids]
        if strangers:
            ids |= identities.settle(connection, tenant_id, strangers, now).ids
        wanted = [
            chats.Chat(
                tenant_id,
                device_id,
                ids[key],
                None if key.endswith("@lid") else key,
                key.removesuffix("@lid") if key.endswith("@lid") else None,
            )
            for key, device_ids in places.items()
            for device_id in dict.fromkeys(device_ids)
        ]
        taken.chats.update(chats.open_chats(connection, wanted, now))
        taken.people.update({(tenant_id, key): contact for key, contact in ids.items()})


class LeaseLost(Exception):
    """Another worker deals with these by now: this one was too slow."""


def close(connection: Connection, rows: Sequence[Any], ignored: Sequence[int]) -> None:
    """Nothing more will be done with these: DONE, or IGNORED where nothing followed.

    Raises: LeaseLost when some are no longer ours; the caller gives its transaction up.
    """
    if not rows:
        return
    aside = set(ignored)
    token = rows[0].lease_token
    for state, ids in (
        ("DONE", [row.id for row in rows if row.id not in aside]),
        ("IGNORED", [row.id for row in rows if row.id in aside]),
    ):
        if ids and _CLOSE.run(connection, {"ids": ids, "token": token, "state": state}) < len(ids):
            raise LeaseLost(f"of {len(ids)} deliveries")


def give_back(connection: Connection, row: Any, error: BaseException) -> None:
    """A delivery that could not be dealt with: tried again, or DEAD after the last try."""
    connection.execute(
        update(events)
        .where(events.c.id == row.id, events.c.lease_token == row.lease_token)
        .values(
            state="DEAD" if row.attempts >= MAX_ATTEMPTS else "NEW",
            error=f"{type(error).__name__}: {error}"[:ERROR_CHARS],
            lease_token=None,
            lease_until=None,
        )
    )


_NEW_IDS = Hot(
    select(events.c.id, events.c.attempts)
    # Nobody holds what is new: told so, the index gives the oldest without sorting a backlog.
    .where(events.c.state == "NEW", events.c.lease_until.is_(None))
    .order_by(events.c.id)
    .limit(bindparam("limit"))
)
_LOST = Hot(
    select(events.c.id, events.c.attempts)
    .where(events.c.state == "TAKEN", events.c.lease_until <= bindparam("now"))
    .order_by(events.c.id)
    .limit(1)
)
_DUE = (events.c.state == "NEW") | (
    (events.c.state == "TAKEN") & (events.c.lease_until <= bindparam("now"))
)
_BURY = Hot(
    update(events)
    .where(events.c.id.in_(bindparam("ids", expanding=True)), _DUE)
    .values(
        state=literal("DEAD"),
        error=bindparam("why"),
        lease_token=None,
        lease_until=None,
    )
)
_TAKE = Hot(
    update(events)
    .where(events.c.id.in_(bindparam("ids", expanding=True)), _DUE)
    .values(
        state=literal("TAKEN"),
        lease_token=bindparam("token"),
        lease_until=bindparam("until"),
        attempts=events.c.attempts + 1,
    )
)
_TAKEN = Hot(
    select(events)
    .where(
        events.c.id.in_(bindparam("ids", expanding=True)),
        events.c.lease_token == bindparam("token"),
    )
    .order_by(events.c.id)
)
_CLOSE = Hot(
    update(events)
    .where(
        events.c.id.in_(bindparam("ids", expanding=True)),
        events.c.state == "TAKEN",
        events.c.lease_token == bindparam("token"),
    )
    .values(state=bindparam("state"), lease_token=None, lease_until=None)
)
