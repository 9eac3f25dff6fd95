"""Writes down what became of the sends of one batch, each by compare-and-set on its token.

A late truth still counts: an answer that arrives after the row was given up as AMBIGUOUS settles
it, as long as no new attempt has begun (the token tells).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, exists, literal, or_, select, update

from domain.health import Health, after_send
from domain.pacing import Kind, ended, lost, taken_back
from services.devices.models import Device
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Outcome,
    Permanent,
    Restricted,
    Unknown,
)
from services.kit.clock import Clock
from services.kit.statements import Hot
from services.messages import limits
from services.messages.claim import Claimed, is_new_chat
from services.messages.lane_rows import lane_values
from services.messages.ledger import is_paced, lanes, messages

devices: Table = Device.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Done:
    """A send that came back. `ended_at` is when the call ended."""

    sent: Claimed
    outcome: Outcome
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Final:
    """A message that has its last word: what its run and its campaign row must learn."""

    message_id: int
    status: str
    reason: str | None
    detail: str
    kind: str
    wa_msg_id: str | None
    session: str
    device_id: int
    body: str
    run_id: int | None
    node_id: str
    campaign_log_id: int | None
    at: datetime
    ack_level: int = 0


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What the recorder needs besides the rows; `settle_s` is the engine's, by server."""

    clock: Clock
    settle_s: Callable[[int], float]
    min_any_gap_s: float = limits.MIN_ANY_GAP_S


def record(connection: Connection, batch: Sequence[Done], rules: RecordRules) -> list[Final]:
    """Write the outcomes of a batch; returns those that are final. The caller commits."""
    live = _live(connection, batch)
    mine = [done for done in batch if done.sent.id in live]
    if not mine:
        return []
    finals: list[Final] = []
    rows: dict[str, list[dict[str, Any]]] = {"sent": [], "back": [], "failed": [], "unclear": []}
    lane_rows: list[dict[str, Any]] = []
    for done in mine:
        match done.outcome:
            case Unknown() | NotSent() | Restricted() | Configuration() | Permanent() if (
                live[done.sent.id] >= 1
            ):
                # A receipt is proof, of this call or of an earlier one with the same id.
                rows["sent"].append(
                    {
                        "message": done.sent.id,
                        "wa_id": done.sent.wa_msg_id,
                        "at": done.ended_at,
                        "found": {"by": "ack"},
                    }
                )
                finals.append(_final(done, "SENT", None, "", level=live[done.sent.id]))
            case Accepted(receipt=receipt):
                rows["sent"].append(
                    {
                        "message": done.sent.id,
                        "wa_id": done.sent.wa_msg_id or receipt.bare_id or None,  # a sign has none
                        "at": done.ended_at,
                        "found": None if receipt.id_matches else {"other_id": receipt.bare_id},
                    }
                )
                level = live[done.sent.id]
                finals.append(_final(done, "SENT", None, "", receipt.bare_id, level=level))
            case Permanent(reason=reason, detail=detail):
                rows["failed"].append(_words(done, reason, detail))
                finals.append(_final(done, "FAILED", reason, detail))
            case NotSent(reason=reason, detail=detail, scope="message") if _gives_up(done):
                rows["failed"].append(_words(done, reason, detail))
                finals.append(_final(done, "FAILED", reason, detail))
            case NotSent() | Configuration() | Restricted():
                rows["back"].append(_back(done, rules))
            case Unknown(reason=reason, detail=detail):
                if done.sent.kind in ("typing", "seen"):
                    rows["failed"].append(_words(done, reason, detail))
                    finals.append(_final(done, "FAILED", reason, detail))
                else:
                    settle_s = limits.settle_s(rules.clock, rules.settle_s(done.sent.server_id))
                    rows["unclear"].append(
                        _words(done, reason, detail)
                        | {
                            "at": done.ended_at,
                            "after": done.ended_at + timedelta(seconds=settle_s),
                        }
                    )
        lane_rows.append(_lane(done, rules))
    for name, statement in _MESSAGES.items():
        if rows[name]:
            statement.many(connection, rows[name])
    _LANE.many(connection, lane_rows)
    _REST.run(connection, {"devices": sorted({row["device"] for row in lane_rows})})
    _judge_devices(connection, mine, rules)
    return finals


def _live(connection: Connection, batch: Sequence[Done]) -> dict[int, int]:
    """The rows that still belong to the attempt these outcomes are about, with their ack level."""
    if not batch:
        return {}
    tokens = {done.sent.id: done.sent.token for done in batch}
    found = _STILL_OURS.all(connection, {"ids": list(tokens)})
    return {row.id: row.ack_level for row in found if row.attempt_token == tokens[row.id]}


_STILL_OURS = Hot(
    select(messages.c.id, messages.c.attempt_token, messages.c.ack_level)
    .where(
        messages.c.id.in_(bindparam("ids", expanding=True)),
        messages.c.status.in_(("SENDING", "AMBIGUOUS")),
    )
    .with_for_update()
)


def _final(
    done: Done,
    status: str,
    reason: str | None,
    detail: str,
    bare_id: str | None = None,
    level: int = 0,
) -> Final:
    sent = done.sent
    return Final(
        message_id=sent.id,
        status=status,
        reason=reason,
        detail=detail,
        kind=sent.kind,
        wa_msg_id=sent.wa_msg_id or bare_id,
        session=sent.session,
        device_id=sent.device_id,
        body=sent.body,
        run_id=sent.run_id,
        node_id=sent.node_id,
        campaign_log_id=sent.campaign_log_id,
        at=done.ended_at,
        ack_level=level,
    )


def _words(done: Done, reason: str, detail: str) -> dict[str, Any]:
    return {"message": done.sent.id, "why": reason[:60], "error": detail[:300]}


def _wait_s(done: Done, rules: RecordRules) -> float:
    """How long a message that certainly did not go out waits, in real seconds."""
    outcome = done.outcome
    if isinstance(outcome, NotSent) and outcome.retry_after_s is not None:
        return rules.clock.seconds(outcome.retry_after_s)
    if isinstance(outcome, NotSent) and outcome.reason == "rate_limited":
        return rules.clock.seconds(limits.TOO_MANY_REQUESTS_S)
    if isinstance(outcome, NotSent) and outcome.reason == LATE:
        return 0.0
    return limits.backoff_s(rules.clock, done.sent.attempt)


def _gives_up(done: Done) -> bool:
    """A message that is refused again and again for its own sake must not wait for ever.

    What a session or a server refuses counts against the device, not against the recipient.
    """
    assert isinstance(done.outcome, NotSent)
    return done.outcome.reason != LATE and done.sent.attempt >= limits.MAX_REFUSALS


LATE = "late"
"""The process was held up between the claim and the call, and therefore did not call."""


def _back(done: Done, rules: RecordRules) -> dict[str, Any]:
    outcome = done.outcome
    reason = outcome.reason if isinstance(outcome, NotSent | Configuration) else "463"
    detail = outcome.detail if isinstance(outcome, NotSent | Configuration | Restricted) else ""
    return _words(done, reason, detail) | {
        "again": done.ended_at + timedelta(seconds=_wait_s(done, rules)),
        # 463 is said about new chats: whoever it was said about is one.
        "cold": done.sent.is_cold or isinstance(outcome, Restricted),
        # A server that was never reached has not used the attempt up.
        "tries": done.sent.attempt - isinstance(outcome, Configuration),
    }


def _lane(done: Done, rules: RecordRules) -> dict[str, Any]:
    sent, outcome = done.sent, done.outcome
    kind = Kind.BROADCAST if is_paced(sent.priority) else Kind.REPLY
    any_gap_s = rules.clock.seconds(rules.min_any_gap_s)
    at = done.ended_at
    if sent.kind == "typing" and isinstance(outcome, Accepted):
        # The next message of this device is the one being typed.
        at = done.ended_at + timedelta(seconds=rules.clock.seconds(sent.typing_s))
    state = ended(sent.lane, at, kind, min_any_gap_s=any_gap_s)
    cooldown, reason, cold_back = None, None, 0
    if isinstance(outcome, Unknown):
        timeout_s = limits.send_timeout_s(rules.clock, sent.kind)
        state = lost(sent.lane, sent.sending_at, timeout_s, kind, min_any_gap_s=any_gap_s)
        state = ended(state, done.ended_at, kind, min_any_gap_s=any_gap_s)
    elif isinstance(outcome, NotSent | Configuration | Restricted | Permanent):
        if kind is Kind.BROADCAST:
            state = taken_back(state, sent.sending_at, sent.zone)
            cold_back = int(is_new_chat(sent))
        if isinstance(outcome, NotSent) and outcome.scope != "message":
            cooldown = done.ended_at + timedelta(seconds=_wait_s(done, rules))
            reason = outcome.reason
    elif sent.kind in ("typing", "seen") and kind is Kind.BROADCAST:
        # A sign is no message: it uses up no cap.
        state = taken_back(state, sent.sending_at, sent.zone)
    return {
        **lane_values(state),
        "device": sent.device_id,
        "due_at": done.ended_at,
        "cold_back": cold_back,
        "cooldown_until": cooldown,
        "cooldown_reason": reason,
    }


_AGAIN = messages.c.id == bindparam("message")
_MESSAGES = {
    "sent": Hot(
        update(messages)
        .where(_AGAIN)
        .values(
            status="SENT",
            wa_msg_id=bindparam("wa_id"),
            sent_at=bindparam("at"),
            evidence=bindparam("found"),
            slot_held=False,
            reconcile_after=None,
            reason=None,
            last_error=None,
        )
    ),
    "back": Hot(
        update(messages)
        .where(_AGAIN)
        .values(
            status="PENDING",
            attempt_token=None,
            attempt=bindparam("tries"),
            not_before=bindparam("again"),
            is_cold=bindparam("cold"),
            reason=bindparam("why"),
            last_error=bindparam("error"),
            slot_held=False,
            reconcile_after=None,
        )
    ),
    "failed": Hot(
        update(messages)
        .where(_AGAIN)
        .values(
            status="FAILED",
            reason=bindparam("why"),
            last_error=bindparam("error"),
            slot_held=False,
            reconcile_after=None,
        )
    ),
    "unclear": Hot(
        update(messages)
        .where(_AGAIN)
        .values(
            status="AMBIGUOUS",
            reason=bindparam("why"),
            last_error=bindparam("error"),
            ambiguous_at=bindparam("at"),
            reconcile_after=bindparam("after"),
            slot_held=True,
        )
    ),
}
_LANE = Hot(
    update(lanes)
    .where(lanes.c.device_id == bindparam("device"))
    .values(
        {
            column: bindparam(column)
            for column in (
                "due_at",
                "next_broadcast_at",
                "next_any_at",
                "gap_s",
                "resting",
                "until_rest",
                "day",
                "sent_today",
                "hour",
                "sent_this_hour",
                "cooldown_until",
                "cooldown_reason",
            )
        }
        | {"cold_today": lanes.c.cold_today - bindparam("cold_back")}
    )
)


# After the lanes are ours: who enqueues a message makes its lane due after this, or before it.
_REST = Hot(
    update(lanes)
    .where(
        lanes.c.device_id.in_(bindparam("devices", expanding=True)),
        ~exists().where(messages.c.device_id == lanes.c.device_id, messages.c.status == "PENDING"),
    )
    .values(due_at=None)
)
"""A lane in which nothing waits is not looked at."""


def _judge_devices(connection: Connection, mine: Sequence[Done], rules: RecordRules) -> None:
    """Let health follow the outcomes: pause a failing device, freeze a restricted one."""
    telling = [done for done in mine if done.sent.kind in ("text", "media")]
    if not telling:
        return
    rows = _RECENT.all(connection, {"devices": sorted({d.sent.device_id for d in telling})})
    recent = {
        row.device_id: _Remembered(row.recent, (row.pacing or {}).get("auto_pause", True))
        for row in rows
    }
    changed: dict[int, str] = {}
    for done in telling:
        device_id = done.sent.device_id
        match done.outcome:
            case Accepted():
                good = True
            case Unknown() | Permanent(reason="upstream"):
                good = False
            case Configuration(reason=reason):
                _set_health(connection, device_id, "PAUSED", reason, None)
                continue
            case Restricted(until=until):
                unknown_end = done.ended_at + rules.clock.span(limits.COLD_FREEZE_UNKNOWN_S)
                _set_health(connection, device_id, "COLD_FROZEN", "463", until or unknown_end)
                continue
            case _:
                continue
        before = Health(recent=tuple(mark == FAILED for mark in recent[device_id].recent))
        after = after_send(before, failed=not good)
        changed[device_id] = "".join(FAILED if bad else WORKED for bad in after.recent)
        recent[device_id] = _Remembered(changed[device_id], recent[device_id].auto_pause)
        if after.paused is not None and recent[device_id].auto_pause:
            _set_health(connection, device_id, "PAUSED", after.paused.value, None)
            changed[device_id] = ""
            recent[device_id] = _Remembered("", True)
    if changed:
        _REMEMBER.many(
            connection, [{"device": device, "seen": seen} for device, seen in changed.items()]
        )


WORKED, FAILED = ".", "x"


class _Remembered(NamedTuple):
    recent: str
    auto_pause: bool


_RECENT = Hot(
    select(lanes.c.device_id, lanes.c.recent, devices.c.pacing)
    .join(devices, devices.c.id == lanes.c.device_id)
    .where(lanes.c.device_id.in_(bindparam("devices", expanding=True)))
)
_REMEMBER = Hot(
    update(lanes).where(lanes.c.device_id == bindparam("device")).values(recent=bindparam("seen"))
)


def _set_health(
    connection: Connection, device_id: int, health: str, reason: str, until: datetime | None
) -> None:
    connection.execute(
        update(devices)
        # Only a person ends a pause: a restriction told meanwhile must not.
        .where(
            devices.c.id == device_id,
            or_(devices.c.health != "PAUSED", literal(health) == "PAUSED"),
        )
        .values(health=health, health_reason=reason[:200], health_until=until)
    )
