"""Settles messages of which nobody knows whether they went out: the reconcile ladder.

SENDING past its bound becomes AMBIGUOUS. An AMBIGUOUS row is looked up after the engine's settle
time, and again after growing pauses. Proof that it went out makes it SENT; only repeated valid
negative evidence sends it again, with the same id and text; everything else ends as UNKNOWN.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, literal, select, update

from services.devices.models import Device
from services.kit.clock import Clock
from services.kit.statements import Hot
from services.messages import limits
from services.messages.ledger import is_paced, lanes, messages, ring
from services.messages.record import Final

devices = Device.__table__
BATCH = 100
LOOKUP_LEASE_S = 60.0
MAX_UNCLEAR = 10
"""Look-ups that could not tell, in a row, before a message is left to a person."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message to look up. `sending_at` is when its latest attempt began."""

    id: int
    token: str
    tenant_id: int
    device_id: int
    server_id: int
    session: str
    link: str
    link_since: datetime | None
    chat_key: str
    kind: str
    body: str
    wa_msg_id: str | None
    wa_id_ours: bool
    ack_level: int
    sending_at: datetime
    lookups: int
    resends: int
    unclear: int
    run_id: int | None
    node_id: str
    campaign_log_id: int | None
    last_sent_id: str | None
    """The id of the device's latest message known to be sent: the store must know it too."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look-up found. `not_found` is valid negative evidence; `unclear` is none at all."""

    doubt: Doubt
    found: Literal["sent", "not_found", "unclear"]
    evidence: dict[str, Any]
    wa_msg_id: str | None = None


def expire_sending(
    connection: Connection, now: datetime, clock: Clock, settle_s: Callable[[int], float]
) -> int:
    """Give up SENDING rows that nobody alive can record; returns how many."""
    stuck = _STUCK.all(connection, {"now": now, "limit": BATCH})
    if not stuck:
        return 0
    for row in stuck:
        # The call may have lasted until its time-out: gaps are counted from there.
        ended_by = row.sending_at + timedelta(seconds=limits.send_timeout_s(clock, row.kind))
        is_broadcast = is_paced(row.priority)
        earliest = ended_by + timedelta(seconds=row.gap_s if is_broadcast else 0.0)
        clock_of = lanes.c.next_broadcast_at if is_broadcast else lanes.c.next_any_at
        connection.execute(
            update(lanes)
            .where(lanes.c.device_id == row.device_id, clock_of < earliest)
            .values({clock_of.name: earliest})
        )
    _TO_AMBIGUOUS.many(
        connection,
        [
            {
                "message": row.id,
                "token": row.attempt_token,
                "at": now,
                "after": now
                if row.ack_level >= 1
                else row.sending_at
                + timedelta(
                    seconds=limits.call_ends_s(clock, row.kind)
                    + limits.settle_s(clock, settle_s(row.server_id))
                ),
            }
            for row in stuck
        ],
    )
    return len(stuck)


_STUCK = Hot(
    select(
        messages.c.id,
        messages.c.attempt_token,
        messages.c.sending_at,
        messages.c.kind,
        messages.c.priority,
        messages.c.ack_level,
        messages.c.device_id,
        devices.c.server_id,
        lanes.c.gap_s,
    )
    .join(devices, devices.c.id == messages.c.device_id)
    .join(lanes, lanes.c.device_id == messages.c.device_id)
    .where(messages.c.status == "SENDING", messages.c.reconcile_after <= bindparam("now"))
    .limit(bindparam("limit"))
)
_TO_AMBIGUOUS = Hot(
    update(messages)
    .where(
        messages.c.id == bindparam("message"),
        messages.c.status == "SENDING",
        messages.c.attempt_token == bindparam("token"),
    )
    .values(
        status=literal("AMBIGUOUS"),
        reason="crash",
        last_error="The process that sent this ended before it could write down the answer.",
        slot_held=True,
        ambiguous_at=bindparam("at"),
        reconcile_after=bindparam("after"),
    )
)


def claim_doubts(connection: Connection, now: datetime, clock: Clock) -> list[Doubt]:
    """Take AMBIGUOUS rows whose look-up is due, for `LOOKUP_LEASE_S`; frees their devices' slots.

    By now the settle time is over: what is still in flight can no longer be, so the device may
    send other messages while this one is looked up.
    """
    ids = _DUE.scalars(connection, {"now": now, "limit": BATCH})
    if not ids:
        return []
    token = uuid4().hex
    lease = now + timedelta(seconds=max(clock.seconds(LOOKUP_LEASE_S), 10.0))
    _LEASE.run(connection, {"ids": ids, "now": now, "until": lease, "token": token})
    rows = _LEASED.all(connection, {"ids": ids, "token": token})
    ring(connection, {row.device_id for row in rows}, now)
    return [_doubt(connection, row) for row in rows]


_DUE = Hot(
    select(messages.c.id)
    .where(messages.c.status == "AMBIGUOUS", messages.c.reconcile_after <= bindparam("now"))
    .order_by(messages.c.reconcile_after)
    .limit(bindparam("limit"))
)
_LEASE = Hot(
    update(messages)
    .where(
        messages.c.id.in_(bindparam("ids", expanding=True)),
        messages.c.status == "AMBIGUOUS",
        messages.c.reconcile_after <= bindparam("now"),
    )
    .values(attempt_token=bindparam("token"), reconcile_after=bindparam("until"), slot_held=False)
)
_LEASED = Hot(
    select(
        messages,
        devices.c.server_id,
        devices.c.session_name,
        devices.c.status.label("link"),
        devices.c.status_since,
    )
    .join(devices, devices.c.id == messages.c.device_id)
    .where(
        messages.c.id.in_(bindparam("ids", expanding=True)),
        messages.c.attempt_token == bindparam("token"),
    )
)
_LAST_SENT = Hot(
    select(messages.c.wa_msg_id)
    .where(
        messages.c.device_id == bindparam("device"),
        messages.c.status == "SENT",
        messages.c.wa_msg_id.is_not(None),
        messages.c.kind.in_(("text", "media")),
    )
    .order_by(messages.c.id.desc())
    .limit(1)
)


def _doubt(connection: Connection, row: Row[Any]) -> Doubt:
    evidence = row.evidence or {}
    return Doubt(
        id=row.id,
        token=row.attempt_token,
        tenant_id=row.tenant_id,
        device_id=row.device_id,
        server_id=row.server_id,
        session=row.session_name,
        link=row.link,
        link_since=row.status_since,
        chat_key=row.chat_key,
        kind=row.kind,
        body=row.body,
        wa_msg_id=row.wa_msg_id,
        wa_id_ours=row.wa_id_ours,
        ack_level=row.ack_level,
        sending_at=row.sending_at,
        lookups=row.lookups,
        resends=row.resends,
        unclear=int(evidence.get("unclear", 0)),
        run_id=row.run_id,
        node_id=row.node_id,
        campaign_log_id=row.campaign_log_id,
        last_sent_id=_LAST_SENT.scalar(connection, {"device": row.device_id}),
    )


def record_verdicts(
    connection: Connection, verdicts: Sequence[Verdict], now: datetime, clock: Clock
) -> list[Final]:
    """Write what the look-ups found, by compare-and-set; returns those that are final now."""
    finals = []
    for found in verdicts:
        verdict = _unless_taken(connection, found)
        doubt, values = verdict.doubt, _next(verdict, now, clock)
        statement = update(messages).where(
            messages.c.id == doubt.id,
            messages.c.status == "AMBIGUOUS",
            messages.c.attempt_token == doubt.token,
        )
        if values.get("status") == "PENDING":
            # A receipt that came during the look-up: the next look-up sees it.
            statement = statement.where(messages.c.ack_level < 1)
        if connection.execute(statement.values(**values)).rowcount == 0:
            continue
        if values.get("status") in ("SENT", "UNKNOWN"):
            finals.append(_final(verdict, values, now))
        elif values.get("status") == "PENDING":
            ring(connection, {doubt.device_id}, now)
    return finals


def _unless_taken(connection: Connection, verdict: Verdict) -> Verdict:
    """A message found by its text that belongs to another row proves nothing about this one."""
    if verdict.found != "sent" or verdict.wa_msg_id in (None, verdict.doubt.wa_msg_id):
        return verdict
    owner = connection.execute(
        select(messages.c.id).where(
            messages.c.device_id == verdict.doubt.device_id,
            messages.c.wa_msg_id == verdict.wa_msg_id,
        )
    ).scalar()
    if owner is None:
        owner = connection.execute(
            _TWIN,
            {
                "message": verdict.doubt.id,
                "device": verdict.doubt.device_id,
                "chat": verdict.doubt.chat_key,
                "text": verdict.doubt.body,
            },
        ).scalar()
    if owner is None or owner == verdict.doubt.id:
        return verdict
    return replace(verdict, found="unclear", evidence={**verdict.evidence, "belongs_to": owner})


_TWIN = (
    select(messages.c.id)
    .where(
        messages.c.device_id == bindparam("device"),
        messages.c.chat_key == bindparam("chat"),
        messages.c.body == bindparam("text"),
        messages.c.id != bindparam("message"),
        messages.c.status.in_(("SENDING", "AMBIGUOUS", "UNKNOWN")),
        messages.c.wa_msg_id.is_(None),
    )
    .limit(1)
)
"""Another message of ours with this text in this chat that may be the one that was found."""


def _next(verdict: Verdict, now: datetime, clock: Clock) -> dict[str, Any]:
    doubt = verdict.doubt
    evidence = verdict.evidence | {"looked_at": now.isoformat()}
    if verdict.found == "sent":
        return {
            "status": "SENT",
            "sent_at": doubt.sending_at,
            "wa_msg_id": verdict.wa_msg_id or doubt.wa_msg_id,
            "evidence": evidence,
            "reconcile_after": None,
        }
    if verdict.found == "unclear":
        unclear = doubt.unclear + 1
        evidence["unclear"] = unclear
        if unclear >= MAX_UNCLEAR:
            return {"status": "UNKNOWN", "reason": "no_evidence", "evidence": evidence}
        wait_s = _wait_s(clock, min(unclear, len(limits.LOOKUP_WAITS_S)))
        return {"evidence": evidence, "reconcile_after": now + timedelta(seconds=wait_s)}
    lookups = doubt.lookups + 1
    if lookups <= len(limits.LOOKUP_WAITS_S):
        wait_s = _wait_s(clock, lookups)
        return {
            "lookups": lookups,
            "evidence": evidence,
            "reconcile_after": now + timedelta(seconds=wait_s),
        }
    if doubt.resends >= limits.MAX_RESENDS:
        return {"status": "UNKNOWN", "reason": "too_many_tries", "evidence": evidence}
    return {
        "status": "PENDING",
        "resends": doubt.resends + 1,
        "lookups": 0,
        "attempt_token": None,
        "not_before": now,
        "evidence": evidence,
        "reconcile_after": None,
    }


def _wait_s(clock: Clock, lookups: int) -> float:
    return max(clock.seconds(limits.LOOKUP_WAITS_S[lookups - 1]), limits.LOOKUP_FLOOR_S)


def _final(verdict: Verdict, values: dict[str, Any], now: datetime) -> Final:
    doubt = verdict.doubt
    return Final(
        message_id=doubt.id,
        status=values["status"],
        reason=values.get("reason"),
        detail="",
        kind=doubt.kind,
        wa_msg_id=values.get("wa_msg_id", doubt.wa_msg_id),
        session=doubt.session,
        device_id=doubt.device_id,
        body=doubt.body,
        run_id=doubt.run_id,
        node_id=doubt.node_id,
        campaign_log_id=doubt.campaign_log_id,
        at=values.get("sent_at", now),
        ack_level=doubt.ack_level,
    )


def next_doubt_at(connection: Connection) -> datetime | None:
    """When the next look-up, or the next expiry of a SENDING row, is due."""
    found: datetime | None = _NEXT.scalar(connection, {})
    return found


_NEXT = Hot(
    select(messages.c.reconcile_after)
    .where(messages.c.status.in_(("SENDING", "AMBIGUOUS")), messages.c.reconcile_after.is_not(None))
    .order_by(messages.c.reconcile_after)
    .limit(1)
)
