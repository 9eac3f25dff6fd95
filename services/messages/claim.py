"""The claim of a lane: which message leaves which device now, decided in one short transaction.

What forbids a double send stands here: the device's slot is unique, the row is SENDING and
committed before anything is called, and every rule (campaign, blacklist, caps, windows, gaps,
health) is read in the same transaction. A claim does no I/O.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import (
    Boolean,
    Connection,
    Row,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
    union_all,
    update,
)

from domain.pacing import Block, Kind, LaneState, Leave, Reason, may_leave, rolled, started
from domain.windows import local_midnight_after
from services.accounts.models import Tenant
from services.blacklist.models import Blacklisted
from services.blacklist.reasons import silences_replies
from services.campaigns.models import Campaign
from services.chats import takeover
from services.chats.models import ChatSession
from services.contacts.models import ContactIdentity
from services.devices.models import Device
from services.kit.clock import Clock
from services.kit.db import one_of
from services.kit.statements import Hot
from services.messages import campaign_limits, limits, stale
from services.messages.lane_rows import lane_state, lane_values, pacing_of, windows_of
from services.messages.ledger import BROADCAST, TEST, is_paced, lanes, messages
from services.webhooks.models import WebhookEvent

log = structlog.get_logger("services.messages.claim")
devices = Device.__table__
tenants = Tenant.__table__
campaigns = Campaign.__table__
blacklist = Blacklisted.__table__
chats = ChatSession.__table__
events = WebhookEvent.__table__
identities = ContactIdentity.__table__

RENDER = Callable[[Mapping[str, Any], datetime], str]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is SENDING under `token`; `lane` is the device's clock as it was written."""

    id: int
    tenant_id: int
    device_id: int
    server_id: int
    session: str
    token: str
    kind: str
    origin: str
    priority: int
    chat_key: str
    body: str
    media: Mapping[str, Any] | None
    link_preview: bool
    typing_s: float
    wa_msg_id: str | None
    attempt: int
    is_cold: bool
    run_id: int | None
    node_id: str
    campaign_id: int | None
    campaign_log_id: int | None
    sending_at: datetime
    lane: LaneState
    zone: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A message the claim refused for good."""

    id: int
    device_id: int
    reason: str
    run_id: int | None
    node_id: str
    campaign_log_id: int | None


@dataclass(slots=True)
class Claims:
    """What one claim did. `short_of_ids`: (server, session) whose ids ran out."""

    sends: list[Claimed] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    short_of_ids: set[tuple[int, str]] = field(default_factory=set)
    looked_at: int = 0
    late: list[Row[Any]] = field(default_factory=list)
    """Of those refused, the answers that came too late."""


TakeId = Callable[[int, str, datetime | None], str | None]
"""(server_id, session, the session's last change) -> an id drawn ahead; None when there is none."""


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What a process knows and the rows don't."""

    clock: Clock
    rng: Random
    take_id: TakeId
    needs_id: Callable[[int], bool]
    render_again: RENDER
    min_any_gap_s: float = limits.MIN_ANY_GAP_S


def claim(connection: Connection, now: datetime, rules: ClaimRules, limit: int) -> Claims:
    """Move at most one message of each due lane to SENDING. The caller commits, then calls WAHA."""
    token = uuid4().hex
    found = Claims()
    rows = _take_lanes(connection, now, token, limit)
    found.looked_at = len(rows)
    if not rows:
        return found
    lane_updates: list[dict[str, Any]] = []
    open_lanes: dict[int, tuple[Row[Any], int]] = {}
    rests_until: dict[int, datetime | None] = {}
    for row in rows:
        try:
            leave_any, leave_broadcast = _when(row, now, rules)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            # A setting that can't be holds its own device, never the others.
            log.error("lane_unreadable", device=row.device_id, error=repr(error)[:300])
            lane_updates.append(_due(row.device_id, _recheck(Leave(None), now, rules)))
            continue
        if not leave_any.now:
            lane_updates.append(_due(row.device_id, _recheck(leave_any, now, rules)))
        else:
            open_lanes[row.device_id] = (row, BROADCAST if leave_broadcast.now else TEST)
            if leave_broadcast.now:
                rests_until[row.device_id] = _thaws_at(row, now)
            else:
                rests_until[row.device_id] = _recheck(leave_broadcast, now, rules)
                lane_updates.append(_due(row.device_id, rests_until[row.device_id]))
    picked = _pick(connection, now, open_lanes)
    for device_id, (row, _) in open_lanes.items():
        first = picked.get(device_id)
        if first is None:
            looks = (_later(connection, device_id, now), rests_until[device_id])
            lane_updates.append(
                _due(device_id, min((at for at in looks if at is not None), default=None))
            )
            continue
        try:
            lane_updates.append(_decide(connection, first, row, now, rules, token, found))
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            # One message that can't be read (a broken recipe or limit) may not hold up the others.
            log.error("message_unreadable", message=first.row.id, error=repr(error)[:300])
            found.skipped.append(_skipped(first.row, "unreadable"))
            lane_updates.append(_due(device_id, now))
    _write(connection, now, rules, found, lane_updates)
    return found


def _decide(
    connection: Connection,
    first: "_Picked",
    row: Row[Any],
    now: datetime,
    rules: ClaimRules,
    token: str,
    found: Claims,
) -> dict[str, Any]:
    """Refuse, hold back or claim a lane's first message; returns the lane's next values."""
    message, device_id = first.row, row.device_id
    if (reason := _refusal(message, first.listed, now, rules)) is not None:
        found.skipped.append(_skipped(message, reason))
        if reason == stale.STALE:
            found.late.append(message)
        return _due(device_id, now)
    if first.heard:
        # They wrote: perhaps to opt out. Others of this lane may go first meanwhile.
        again = now + timedelta(seconds=limits.HEARD_RECHECK_S)
        _WAIT.run(connection, {"message": message.id, "until": again})
        return _due(device_id, now)
    until = campaign_limits.held_until(message.limits, lane_state(row), now, row.zone)
    if until is not None:
        connection.execute(
            _HOLD_BACK, {"campaign": message.campaign_id, "on": device_id, "until": until}
        )
        return _due(device_id, now)
    wa_msg_id = message.wa_msg_id
    if wa_msg_id is None and rules.needs_id(row.server_id) and message.kind in _NAMED:
        wa_msg_id = rules.take_id(row.server_id, row.session_name, row.status_since)
        if wa_msg_id is None:
            found.short_of_ids.add((row.server_id, row.session_name))
            return _due(device_id, now + timedelta(seconds=SHORT_OF_IDS_S))
    sent = _claimed(message, row, now, rules, wa_msg_id, token)
    lane = _sending_lane(sent, row, rules)
    found.sends.append(sent)
    return lane


SHORT_OF_IDS_S = 0.2
"""How soon a lane that had no message id is looked at again; ids come within milliseconds."""
_NAMED = ("text", "media")
"""Kinds that get an id of ours; a typing sign is no message."""


def _take_lanes(
    connection: Connection, now: datetime, token: str, limit: int
) -> Sequence[Row[Any]]:
    """Mark due lanes as ours. A second worker's update waits for our commit and finds none due."""
    due = _DUE.scalars(connection, {"now": now, "limit": limit})
    if not due:
        return []
    _HOLD.run(connection, {"devices": due, "now": now, "token": token})
    return _HELD.all(connection, {"devices": due, "token": token})


_DUE = Hot(
    select(lanes.c.device_id)
    .where(lanes.c.due_at <= bindparam("now"))
    .order_by(lanes.c.due_at)
    .limit(bindparam("limit"))
)
_HOLD = Hot(
    update(lanes)
    .where(
        lanes.c.device_id.in_(bindparam("devices", expanding=True)),
        lanes.c.due_at <= bindparam("now"),
    )
    .values(holder=bindparam("token"))
)
_slot = messages.alias("slot")
_HELD = Hot(
    select(
        lanes,
        devices.c.session_name,
        devices.c.server_id,
        devices.c.status.label("link"),
        devices.c.status_since,
        devices.c.health,
        devices.c.health_until,
        devices.c.pacing,
        devices.c.is_active_for_broadcast,
        devices.c.deleted_at,
        tenants.c.zone,
        exists().where(_slot.c.device_slot == lanes.c.device_id).label("busy"),
    )
    .join(devices, devices.c.id == lanes.c.device_id)
    .join(tenants, tenants.c.id == lanes.c.tenant_id)
    .where(
        lanes.c.device_id.in_(bindparam("devices", expanding=True)),
        lanes.c.holder == bindparam("token"),
    )
)


def _when(row: Row[Any], now: datetime, rules: ClaimRules) -> tuple[Leave, Leave]:
    """When any message, and when a broadcast, may leave this device."""
    state, pacing = lane_state(row), pacing_of(row.pacing, 0.0, 0.0, rules.clock)
    any_gap_s = rules.clock.seconds(rules.min_any_gap_s)
    blocks = _blocks(row, now)
    whole = may_leave(
        state, pacing, now, Kind.REPLY, zone=row.zone, blocks=blocks, min_any_gap_s=any_gap_s
    )
    if not whole.now:
        return whole, whole
    if not row.is_active_for_broadcast:
        return whole, Leave(None, Reason.DEVICE_PAUSED)
    broadcast = may_leave(
        state,
        pacing,
        now,
        Kind.BROADCAST,
        rules=windows_of(row.pacing, row.zone),
        zone=row.zone,
        blocks=blocks,
        min_any_gap_s=any_gap_s,
    )
    return whole, broadcast


def _blocks(row: Row[Any], now: datetime) -> list[Block]:
    """What holds the whole lane: the link, the health, a cooldown, a message still in flight."""
    blocks = []
    if row.deleted_at is not None or row.link != "CONNECTED":
        blocks.append(Block(Reason.DISCONNECTED))
    if row.health == "PAUSED":
        blocks.append(Block(Reason.DEVICE_PAUSED))
    elif row.health == "COOLING":
        blocks.append(Block(Reason.COOLING, row.health_until))
    if row.cooldown_until is not None and row.cooldown_until > now:
        blocks.append(Block(Reason.COOLING, row.cooldown_until))
    if row.busy:
        blocks.append(Block(Reason.ANY_GAP))
    return blocks


def _recheck(leave: Leave, now: datetime, rules: ClaimRules) -> datetime:
    recheck = now + timedelta(seconds=max(rules.clock.seconds(limits.NOT_READY_RECHECK_S), 0.5))
    return recheck if leave.at is None else leave.at


def _pick(
    connection: Connection, now: datetime, open_lanes: Mapping[int, tuple[Row[Any], int]]
) -> dict[int, "_Picked"]:
    """The first message of each lane, with what may forbid it."""
    if not open_lanes:
        return {}
    values: dict[str, Any] = {"now": now}
    # Few sizes, few statements: what is left over asks for a device that is none.
    size = 1 << (len(open_lanes) - 1).bit_length()
    asked = [(device, top, _cold_allowed(row, now)) for device, (row, top) in open_lanes.items()]
    for index, (device_id, top, cold) in enumerate(asked + [(0, 0, False)] * (size - len(asked))):
        values |= {f"device{index}": device_id, f"top{index}": top, f"cold{index}": cold}
    ids = _firsts(size).scalars(connection, values)
    picked: dict[int, _Picked] = {}
    for row in _WHOLE.all(connection, {"ids": ids}) if ids else ():
        first = picked.setdefault(row.device_id, _Picked(row))
        first.listed.update(why for why in (row.chat_listed, row.person_listed) if why is not None)
        first.heard = bool(first.heard or row.heard or row.heard_too)
    return picked


@dataclass(slots=True)
class _Picked:
    """A lane's first message. `listed`: why the person is on the blacklist, by any address.

    `heard`: they wrote, on any device, and nobody has dealt with it yet.
    """

    row: Row[Any]
    listed: set[str] = field(default_factory=set)
    heard: bool = False


_LANE_INDEX = "FORCE INDEX (ix_outbound_messages_lane)"
_NEEDED = [
    messages.c[name]
    for name in (
        *("id", "tenant_id", "device_id", "origin", "kind", "priority", "chat_key", "is_cold"),
        *("campaign_id", "campaign_log_id", "run_id", "node_id", "wa_msg_id", "attempt"),
        *("body", "media", "recipe", "link_preview", "typing_s", "gap_min_s", "gap_max_s"),
        *("due_at", "rendered_at", "ambiguous_at", "chat_session_id", "identity_id"),
    )
]


_of_chat, _of_person = blacklist.alias("of_chat"), blacklist.alias("of_person")


def _unread(chat_key: Any) -> Any:
    """Whether a message from this address came in that nobody has dealt with yet."""
    return exists().where(
        events.c.chat_key == chat_key,
        events.c.tenant_id == messages.c.tenant_id,
        one_of(events.c.state, ("NEW", "TAKEN")),
    )


@cache
def _firsts(lanes_open: int) -> Hot:
    """One statement for the id of the first message of each of so many lanes."""
    firsts = [
        select(
            select(messages.c.id)
            .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
            .where(
                messages.c.device_id == bindparam(f"device{index}"),
                messages.c.status == "PENDING",
                messages.c.priority <= bindparam(f"top{index}"),
                messages.c.not_before <= bindparam("now"),
                messages.c.ack_level < 1,
                or_(messages.c.campaign_id.is_(None), campaigns.c.status == "PROCESSING"),
                or_(messages.c.is_cold.is_(False), bindparam(f"cold{index}", type_=Boolean)),
            )
            .with_hint(messages, _LANE_INDEX, "mysql")
            .with_hint(messages, _LANE_INDEX, "mariadb")
            .order_by(messages.c.priority, messages.c.not_before, messages.c.id)
            .limit(1)
            .subquery()
            .c.id
        )
        for index in range(lanes_open)
    ]
    return Hot(firsts[0] if lanes_open == 1 else union_all(*firsts))


# The blacklist and unread messages are asked for in one statement, so that an opt-out is seen
# as the one or as the other, whenever it is dealt with. One row for each further address of
# the person; joined outwards, because MySQL would else begin with the events.
_WHOLE = Hot(
    select(
        *_NEEDED,
        campaigns.c.limits,
        chats.c.mode,
        chats.c.mode_reason,
        chats.c.human_until,
        _of_chat.c.reason.label("chat_listed"),
        _of_person.c.reason.label("person_listed"),
        and_(messages.c.origin == "BROADCAST", _unread(messages.c.chat_key)).label("heard"),
        and_(messages.c.origin == "BROADCAST", _unread(identities.c.value)).label("heard_too"),
    )
    .where(messages.c.id.in_(bindparam("ids", expanding=True)))
    .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
    .outerjoin(chats, chats.c.id == messages.c.chat_session_id)
    .outerjoin(
        identities,
        and_(
            identities.c.contact_id == messages.c.identity_id,
            identities.c.value != messages.c.chat_key,
        ),
    )
    .outerjoin(
        _of_chat,
        and_(
            _of_chat.c.tenant_id == messages.c.tenant_id,
            _of_chat.c.phone == messages.c.chat_key,
        ),
    )
    .outerjoin(
        _of_person,
        and_(
            _of_person.c.tenant_id == messages.c.tenant_id,
            _of_person.c.phone == identities.c.value,
        ),
    )
)


def _cold_allowed(row: Row[Any], now: datetime) -> bool:
    """Whether this device may write to people who never wrote to it."""
    if row.health == "COLD_FROZEN" and (row.health_until is None or row.health_until > now):
        return False
    budget = row.pacing.get("cold_per_day") if row.pacing else None
    if budget is None:
        return True
    same_day = rolled(lane_state(row), now, row.zone).day == row.day
    return int(row.cold_today if same_day else 0) < int(budget)


def _thaws_at(row: Row[Any], now: datetime) -> datetime | None:
    """When this device may write to new people again; None when it may, or nobody knows."""
    if _cold_allowed(row, now):
        return None
    if row.health == "COLD_FROZEN" and (row.health_until is None or row.health_until > now):
        until: datetime | None = row.health_until
        return until
    return local_midnight_after(now, row.zone)


def _later(connection: Connection, device_id: int, now: datetime) -> datetime | None:
    """When the lane's next message becomes due; None when there is none."""
    found: datetime | None = _LATER.scalar(connection, {"device": device_id, "now": now})
    return found


_LATER = Hot(
    select(messages.c.not_before)
    .where(
        messages.c.device_id == bindparam("device"),
        messages.c.status == "PENDING",
        messages.c.not_before > bindparam("now"),
    )
    .order_by(messages.c.not_before)
    .limit(1)
)


def _refusal(
    message: Row[Any], listed: Collection[str], now: datetime, rules: ClaimRules
) -> str | None:
    """Why this message must never leave, as a stable word."""
    if listed and (message.origin == "BROADCAST" or any(map(silences_replies, listed))):
        return "blacklisted"
    if (
        message.origin == "REPLY"
        and message.mode is not None
        and takeover.keeps_back(message, message.mode_reason, now)
    ):
        return "takeover"
    too_late = rules.clock.span(limits.STALE_REPLY_S)
    if message.origin in stale.ANSWERS and now - message.due_at > too_late:
        return stale.STALE
    return None


def _claimed(
    message: Row[Any],
    row: Row[Any],
    now: datetime,
    rules: ClaimRules,
    wa_msg_id: str | None,
    token: str,
) -> Claimed:
    body = message.body
    fresh = rules.clock.span(limits.RENDER_AGAIN_S)
    # Once it may have gone out, the text is what it was: an id is never used for another one.
    is_fixed = message.ambiguous_at is not None
    if message.recipe is not None and not is_fixed and now - message.rendered_at > fresh:
        body = rules.render_again(message.recipe, now)
    pacing = pacing_of(row.pacing, message.gap_min_s, message.gap_max_s, rules.clock)
    any_gap_s = rules.clock.seconds(rules.min_any_gap_s)
    lane = started(
        lane_state(row),
        pacing,
        now,
        rules.rng,
        Kind.BROADCAST if is_paced(message.priority) else Kind.REPLY,
        zone=row.zone,
        min_any_gap_s=any_gap_s,
    )
    return Claimed(
        id=message.id,
        tenant_id=message.tenant_id,
        device_id=message.device_id,
        server_id=row.server_id,
        session=row.session_name,
        token=token,
        kind=message.kind,
        origin=message.origin,
        priority=message.priority,
        chat_key=message.chat_key,
        body=body,
        media=message.media,
        link_preview=message.link_preview,
        typing_s=message.typing_s,
        wa_msg_id=wa_msg_id,
        attempt=message.attempt + 1,
        is_cold=message.is_cold,
        run_id=message.run_id,
        node_id=message.node_id,
        campaign_id=message.campaign_id,
        campaign_log_id=message.campaign_log_id,
        sending_at=now,
        lane=lane,
        zone=row.zone,
    )


def _skipped(message: Row[Any], reason: str) -> Skipped:
    return Skipped(
        id=message.id,
        device_id=message.device_id,
        reason=reason,
        run_id=message.run_id,
        node_id=message.node_id,
        campaign_log_id=message.campaign_log_id,
    )


def _sending_lane(sent: Claimed, row: Row[Any], rules: ClaimRules) -> dict[str, Any]:
    bound = timedelta(seconds=limits.record_bound_s(rules.clock, sent.kind))
    before = rolled(lane_state(row), sent.sending_at, row.zone)
    cold_before = row.cold_today if before.day == row.day else 0
    return {
        **lane_values(sent.lane),
        "device": sent.device_id,
        "due_at": sent.sending_at + bound,
        "cold_today": cold_before + is_new_chat(sent),
    }


def is_new_chat(sent: Claimed) -> bool:
    """Whether this message counts against the device's budget of new chats."""
    return sent.is_cold and is_paced(sent.priority) and sent.kind in _NAMED


def _due(device_id: int, at: datetime | None) -> dict[str, Any]:
    return {"device": device_id, "due_at": at}


def _write(
    connection: Connection,
    now: datetime,
    rules: ClaimRules,
    found: Claims,
    lane_updates: list[dict[str, Any]],
) -> None:
    if found.sends:
        met = _SENDING.many(
            connection,
            [
                {
                    "message": sent.id,
                    "on": sent.device_id,
                    "token": sent.token,
                    "wa_id": sent.wa_msg_id,
                    "ours": sent.wa_msg_id is not None,
                    "text": sent.body,
                    "tries": sent.attempt,
                    "now": now,
                    "bound": now + timedelta(seconds=limits.record_bound_s(rules.clock, sent.kind)),
                }
                for sent in found.sends
            ],
        )
        if met < len(found.sends):
            _let_go(connection, now, found, lane_updates)
    if found.skipped:
        _SKIPPED.many(
            connection, [{"message": skip.id, "why": skip.reason} for skip in found.skipped]
        )
    if found.late:
        stale.tell(connection, found.late, rules.clock, now)
    moving = [values for values in lane_updates if "next_any_at" in values]
    # One change a lane: in a joined update of many rows the first one for a lane would win.
    resting = {values["device"]: values for values in lane_updates if "next_any_at" not in values}
    for values in moving:
        resting.pop(values["device"], None)
    if moving:
        _LANE_SENDING.many(connection, moving)
    if resting:
        _LANE_DUE.many(connection, list(resting.values()))


def _let_go(
    connection: Connection, now: datetime, found: Claims, lane_updates: list[dict[str, Any]]
) -> None:
    """Drop messages that were cancelled or moved by another process since this claim read them.

    Only on MySQL and MariaDB: there the claim's read locks nothing.
    """
    marked = _MARKED.scalars(
        connection,
        {"ids": [sent.id for sent in found.sends], "token": found.sends[0].token},
    )
    gone = {sent.device_id for sent in found.sends if sent.id not in set(marked)}
    found.sends = [sent for sent in found.sends if sent.device_id not in gone]
    lane_updates[:] = [values for values in lane_updates if values["device"] not in gone]
    lane_updates += [_due(device_id, now) for device_id in gone]


_MARKED = Hot(
    select(messages.c.id).where(
        messages.c.id.in_(bindparam("ids", expanding=True)),
        messages.c.status == "SENDING",
        messages.c.attempt_token == bindparam("token"),
    )
)
_SENDING = Hot(
    update(messages)
    .where(
        messages.c.id == bindparam("message"),
        messages.c.device_id == bindparam("on"),
        messages.c.status == "PENDING",
    )
    .values(
        status=literal("SENDING"),
        attempt_token=bindparam("token"),
        wa_msg_id=bindparam("wa_id"),
        wa_id_ours=bindparam("ours"),
        body=bindparam("text"),
        attempt=bindparam("tries"),
        sending_at=bindparam("now"),
        reconcile_after=bindparam("bound"),
    )
)
_HOLD_BACK = (
    update(messages)
    .where(
        messages.c.campaign_id == bindparam("campaign"),
        messages.c.device_id == bindparam("on"),
        messages.c.status == "PENDING",
        messages.c.not_before < bindparam("until"),
    )
    .values(not_before=bindparam("until"))
)
_WAIT = Hot(
    update(messages)
    .where(messages.c.id == bindparam("message"), messages.c.status == "PENDING")
    .values(not_before=bindparam("until"))
)
_SKIPPED = Hot(
    update(messages)
    .where(messages.c.id == bindparam("message"), messages.c.status == "PENDING")
    .values(status="SKIPPED", reason=bindparam("why"))
)
_LANE_SENDING = Hot(
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
                "cold_today",
            )
        }
    )
)
_LANE_DUE = Hot(
    update(lanes).where(lanes.c.device_id == bindparam("device")).values(due_at=bindparam("due_at"))
)
