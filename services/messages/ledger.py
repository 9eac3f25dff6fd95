"""Puts messages into the ledger. Every send of every kind enters here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, or_, update

from services.devices.models import DeviceLane
from services.kit.statements import Hot
from services.messages.models import OutboundMessage

messages: Table = OutboundMessage.__table__  # type: ignore[assignment]
lanes: Table = DeviceLane.__table__  # type: ignore[assignment]

HUMAN, CONFIRM, REPLY, NOTICE, TEST, DRIP, BROADCAST = 10, 15, 20, 25, 30, 35, 40
"""Priorities; the smaller goes first.

CONFIRM: that an opt-out, or its return, was heard.

NOTICE: what the product tells the owner by itself. DRIP: what a flow sends unasked without being a
campaign; it keeps the pauses of broadcasts and goes before them.
"""


def is_paced(priority: int) -> bool:
    """Whether a message keeps the pauses of broadcasts and counts against their caps."""
    return priority >= DRIP


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a lane needs to know. Gaps are unscaled seconds; `identity_id` is contacts.id."""

    tenant_id: int
    device_id: int
    origin: str
    kind: str
    priority: int
    chat_key: str
    body: str = ""
    media: Mapping[str, Any] | None = None
    recipe: Mapping[str, Any] | None = None
    variant: str | None = None
    link_preview: bool = False
    typing_s: float = 0.0
    gap_min_s: float = 0.0
    gap_max_s: float = 0.0
    campaign_id: int | None = None
    campaign_log_id: int | None = None
    run_id: int | None = None
    node_id: str = ""
    pass_no: int = 1
    identity_id: int | None = None
    is_cold: bool = False
    chat_session_id: int | None = None


def body_hash(text: str) -> str:
    """What two texts must share to count as the same in a chat's history."""
    return blake2b(" ".join(text.split()).encode(), digest_size=16).hexdigest()


_INSERT = Hot(insert(messages))
_RING = Hot(
    update(lanes)
    .where(
        lanes.c.device_id.in_(bindparam("devices", expanding=True)),
        or_(lanes.c.due_at.is_(None), lanes.c.due_at > bindparam("at")),
    )
    .values(due_at=bindparam("at"))
)


def enqueue(connection: Connection, rows: Sequence[NewMessage], now: datetime) -> None:
    """Write the messages PENDING and make their lanes due. At most a batch at a time.

    Raises: IntegrityError when a message of the same run step, or of the same person in the same
    campaign and pass, is already there: nothing of the batch is written then.
    """
    if not rows:
        return
    _INSERT.many(connection, [_row(message, now) for message in rows])
    ring(connection, {message.device_id for message in rows}, now)


def cancel_waiting(connection: Connection, run_id: int) -> None:
    """Take back what a run still has in its lane; what is under way stays."""
    connection.execute(
        update(messages)
        .where(messages.c.run_id == run_id, messages.c.status == "PENDING")
        .values(status="CANCELLED", reason="cancelled")
    )


def ring(connection: Connection, device_ids: set[int], at: datetime) -> None:
    """Make these lanes due at `at` at the latest."""
    if device_ids:
        _RING.run(connection, {"devices": sorted(device_ids), "at": at})


def _row(message: NewMessage, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": message.tenant_id,
        "device_id": message.device_id,
        "origin": message.origin,
        "kind": message.kind,
        "priority": message.priority,
        "campaign_id": message.campaign_id,
        "campaign_log_id": message.campaign_log_id,
        "run_id": message.run_id,
        "node_id": message.node_id,
        "pass_no": message.pass_no,
        "identity_id": message.identity_id,
        "chat_session_id": message.chat_session_id,
        "chat_key": message.chat_key,
        "is_cold": message.is_cold,
        "status": "PENDING",
        "ack_level": 0,
        "body": message.body,
        "body_hash": body_hash(message.body),
        "media": None if message.media is None else dict(message.media),
        "recipe": None if message.recipe is None else dict(message.recipe),
        "variant": message.variant,
        "link_preview": message.link_preview,
        "typing_s": message.typing_s,
        "gap_min_s": message.gap_min_s,
        "gap_max_s": message.gap_max_s,
        "attempt": 0,
        "lookups": 0,
        "resends": 0,
        "slot_held": False,
        "wa_id_ours": False,
        "not_before": now,
        "due_at": now,
        "rendered_at": now,
        "created_at": now,
    }
