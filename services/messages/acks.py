"""WhatsApp's receipts: they only grow, and one for a doubtful message is proof that it went out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, tuple_, update

from domain.states import grow_ack
from services.devices.models import Device
from services.kit.statements import Hot
from services.messages.ledger import messages
from services.messages.models import EarlyAck
from services.messages.record import Final

early: Table = EarlyAck.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]

Levels = Mapping[tuple[int, str], int]
"""(device id, bare message id) -> level."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A recipient whose message came further."""

    campaign_log_id: int
    level: int


def apply(connection: Connection, levels: Levels, now: datetime) -> tuple[list[Final], list[Grown]]:
    """Write receipts down; returns the doubts they settle and the recipients they concern.

    A receipt for a message whose call is still under way is only remembered on its row: the
    device's slot stays held until the call has ended.
    """
    if not levels:
        return [], []
    rows = _TOLD.all(connection, {"told": list(levels)})
    known = {(row.device_id, row.wa_msg_id) for row in rows}
    finals: list[Final] = []
    grown: list[Grown] = []
    changes: list[dict[str, Any]] = []
    for row in rows:
        told = levels[row.device_id, row.wa_msg_id]
        level = grow_ack(row.ack_level, told)
        # PENDING again under an id of ours: its absence was believed, and the receipt disproves it.
        again = row.status == "PENDING" and row.wa_id_ours
        settles = level >= 1 and (row.status == "AMBIGUOUS" or again)
        if level == row.ack_level and not settles:
            continue
        changes.append({"message": row.id, "level": level})
        if settles:
            finals.append(_final(row, level))
        if row.campaign_log_id is not None and (settles or row.status in ("SENT", "UNKNOWN")):
            grown.append(Grown(row.campaign_log_id, level))
    if changes:
        _GROW.many(connection, changes)
    settled = [final.message_id for final in finals]
    if settled:
        connection.execute(
            update(messages)
            .where(messages.c.id.in_(settled), messages.c.status.in_(("AMBIGUOUS", "PENDING")))
            .values(
                status="SENT",
                slot_held=False,
                reconcile_after=None,
                sent_at=messages.c.sending_at,
                evidence={"by": "ack"},
            )
        )
    _remember(connection, {key: level for key, level in levels.items() if key not in known}, now)
    return finals, grown


_SESSION_NAME = (
    select(devices.c.session_name)
    .where(devices.c.id == messages.c.device_id)
    .scalar_subquery()
    .label("session_name")
)
_TOLD = Hot(
    select(messages, _SESSION_NAME)
    .where(
        tuple_(messages.c.device_id, messages.c.wa_msg_id).in_(bindparam("told", expanding=True))
    )
    .with_for_update()
)
_GROW = Hot(
    update(messages)
    .where(messages.c.id == bindparam("message"))
    .values(ack_level=bindparam("level"))
)


def _final(row: Any, level: int) -> Final:
    return Final(
        message_id=row.id,
        status="SENT",
        reason=None,
        detail="",
        kind=row.kind,
        wa_msg_id=row.wa_msg_id,
        session=row.session_name,
        device_id=row.device_id,
        body=row.body,
        run_id=row.run_id,
        node_id=row.node_id,
        campaign_log_id=row.campaign_log_id,
        at=row.sending_at,
        ack_level=level,
    )


def _remember(connection: Connection, levels: Levels, now: datetime) -> None:
    """Keep receipts whose message we don't know by that id yet (engines that choose ids)."""
    if not levels:
        return
    keys = list(levels)
    known = {
        (row.device_id, row.wa_msg_id): row.ack_level
        for row in _EARLY.all(connection, {"told": keys})
    }
    fresh = [
        {"device_id": device, "wa_msg_id": bare, "ack_level": levels[device, bare], "seen_at": now}
        for device, bare in keys
        if (device, bare) not in known
    ]
    if fresh:
        _KEEP.many(connection, fresh)
    for (device, bare), level in known.items():
        if grow_ack(level, levels[device, bare]) != level:
            connection.execute(
                update(early)
                .where(early.c.device_id == device, early.c.wa_msg_id == bare)
                .values(ack_level=grow_ack(level, levels[device, bare]))
            )


_EARLY = Hot(
    select(early).where(
        tuple_(early.c.device_id, early.c.wa_msg_id).in_(bindparam("told", expanding=True))
    )
)
_KEEP = Hot(insert(early))


def catch_up(
    connection: Connection, sent: Sequence[tuple[int, str]], now: datetime
) -> tuple[list[Final], list[Grown]]:
    """Receipts that came before WAHA had told us the id of these messages."""
    if not sent:
        return [], []
    found = _EARLY.all(connection, {"told": list(sent)})
    if not found:
        return [], []
    keys = [(row.device_id, row.wa_msg_id) for row in found]
    connection.execute(delete(early).where(tuple_(early.c.device_id, early.c.wa_msg_id).in_(keys)))
    return apply(connection, {(row.device_id, row.wa_msg_id): row.ack_level for row in found}, now)


def forget_early(connection: Connection, before: datetime) -> int:
    """Drop receipts that never found their message."""
    return connection.execute(delete(early).where(early.c.seen_at < before)).rowcount
