"""Stores runs that messages start and that are not carried at once: bursts, files, new people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from runtime.arrivals import GATHER, MEDIA, gather_key, media_wait
from runtime.claims import runs
from runtime.inbound import triggers
from runtime.inbound.books import Listener
from runtime.inbound.reading import Heard
from services.integrations.waha.inbound import Said
from services.kit.clock import Clock
from services.kit.statements import Hot
from services.messages.ledger import REPLY

INBOUND = "inbound"


@dataclass(frozen=True, slots=True)
class Start:
    """A message and the flow that hears it; contact and chat are settled."""

    one: Heard
    listener: Listener
    device: str

    @property
    def is_new(self) -> bool:
        return self.one.chat.last_message_at is None


def start(connection: Connection, starts: Sequence[Start], now: datetime, clock: Clock) -> None:
    """A run for each message, due now; with a file: once it is there, or the time is up."""
    rows = []
    for one in starts:
        values = triggers.values_of([one.one], one.device, is_new=one.is_new, clock=clock)
        waits = values["media_state"] is not None
        rows.append(
            _row(one, values, now)
            | {
                "status": "WAITING" if waits else "QUEUED",
                "wait_key": f"{MEDIA}{one.one.chat.id}" if waits else None,
                "wake_at": now + media_wait(clock) if waits else now,
            }
        )
    if rows:
        _INSERT.many(connection, rows)


def gather(connection: Connection, starts: Sequence[Start], now: datetime, clock: Clock) -> None:
    """Add messages to the burst of their chat and flow, or begin one."""
    bursts: dict[str, list[Start]] = {}
    for one in starts:
        key = gather_key(one.listener.trigger_id, one.one.chat.id)
        bursts.setdefault(key, []).append(one)
    if not bursts:
        return
    there = {row.wait_key: row for row in _GATHERING.all(connection, {"keys": sorted(bursts)})}
    fresh = []
    for key, ones in bursts.items():
        row = there.get(key)
        if row is None or not _join(connection, row, ones, now, clock):
            fresh.append(_burst(key, ones, now, clock))
    if fresh:
        _INSERT.many(connection, fresh)


def _burst(key: str, ones: Sequence[Start], now: datetime, clock: Clock) -> dict[str, Any]:
    first = ones[0]
    values = triggers.values_of(
        [one.one for one in ones], first.device, is_new=first.is_new, clock=clock
    )
    due_at = triggers.is_due_at(now, values["count"], first.listener, now, clock)
    return _row(first, values, now) | {"status": "WAITING", "wait_key": key, "wake_at": due_at}


def _join(
    connection: Connection, row: Any, ones: Sequence[Start], now: datetime, clock: Clock
) -> bool:
    """Whether the burst was still open; then the messages are part of it."""
    state = dict(row.state)
    told = state["trigger"]
    entries = [*told["messages"], *(triggers.entry_of(one.one) for one in ones)]
    if len(told["messages"]) >= ones[0].listener.burst.messages:
        return False
    until = triggers.values_of([ones[-1].one], "", is_new=False, clock=clock)["media_until"]
    state["trigger"] = triggers.together(
        {**told, "media_until": until}, entries, ones[-1].one.row.event_id
    )
    due_at = triggers.is_due_at(row.created_at, len(entries), ones[0].listener, now, clock)
    return bool(
        _JOIN.run(connection, {"run": row.id, "key": row.wait_key, "whole": state, "at": due_at})
    )


def drop_gathering(
    connection: Connection, chat_ids: Sequence[int], why: str, now: datetime
) -> None:
    """End the bursts of chats in which nobody may answer any more."""
    if chat_ids:
        connection.execute(
            update(runs)
            .where(
                runs.c.chat_session_id.in_(list(chat_ids)),
                runs.c.status == "WAITING",
                runs.c.wait_key.startswith(GATHER),
            )
            .values(status="CANCELLED", reason=why, wait_key=None, wake_at=None, finished_at=now)
        )


def end_conversations(
    connection: Connection, tenant_id: int, contact_id: int, chat_id: int, now: datetime
) -> None:
    """End what still goes on with a person who opted out: reminders, series, open questions.

    Recipients of campaigns are not meant: their rows say by themselves that they opted out.
    """
    connection.execute(
        update(runs)
        .where(
            runs.c.tenant_id == tenant_id,
            runs.c.chat_session_id == chat_id,
            runs.c.campaign_id.is_(None),
            runs.c.status.in_(("QUEUED", "WAITING", "PAUSED")),
        )
        .values(desired_state="CANCELLED", wake_at=now)
    )
    connection.execute(
        update(runs)
        .where(
            runs.c.tenant_id == tenant_id,
            runs.c.identity_id == contact_id,
            runs.c.chat_session_id.is_(None),
            runs.c.campaign_id.is_(None),
            runs.c.status.in_(("QUEUED", "WAITING", "PAUSED")),
        )
        .values(desired_state="CANCELLED", wake_at=now)
    )


def move_chats(
    connection: Connection, joined: Mapping[int, int], people: Mapping[int, int]
) -> None:
    """Two contacts became one: their runs belong to the one that is kept."""
    for gone, kept in joined.items():
        connection.execute(
            update(runs).where(runs.c.chat_session_id == gone).values(chat_session_id=kept)
        )
    for gone, kept in people.items():
        connection.execute(
            update(runs)
            .where(runs.c.identity_id == gone, runs.c.campaign_id.is_(None))
            .values(identity_id=kept)
        )


def _row(one: Start, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    assert isinstance(one.one.event, Said)
    return {
        "tenant_id": one.listener.tenant_id,
        "flow_id": one.listener.flow_id,
        "flow_version_id": one.listener.version_id,
        "trigger": one.listener.name,
        "dedupe_key": triggers.dedupe_key(one.one),
        "mode": "live",
        "kind": INBOUND,
        "seed": triggers.seed_of(one.one),
        "identity_id": one.one.contact_id,
        "chat_session_id": one.one.chat.id,
        "priority": REPLY,
        "queue": "hot",
        "state": triggers.state_of(one.listener, values),
        "epoch": 0,
        "attempt": 0,
        "created_at": now,
    }


_INSERT = Hot(insert(runs))
_GATHERING = Hot(
    select(runs.c.id, runs.c.wait_key, runs.c.state, runs.c.created_at)
    .where(
        runs.c.wait_key.in_(bindparam("keys", expanding=True)),
        runs.c.status == "WAITING",
    )
    .with_for_update()
)
_JOIN = Hot(
    update(runs)
    .where(
        runs.c.id == bindparam("run"),
        runs.c.status == "WAITING",
        runs.c.wait_key == bindparam("key"),
    )
    .values(state=bindparam("whole"), wake_at=bindparam("at"))
)
