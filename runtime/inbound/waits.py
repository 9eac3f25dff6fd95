"""Runs that stand still until somebody writes: who waits for whom, and waking them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, literal, select, update

from nodes.timing.wait_for_reply import reply_key
from runtime.claims import runs
from runtime.inbound.reading import Heard
from services.kit.statements import Hot

MEDIA = "media:"
"""What the wait key of a run begins with that waits for a file of its chat: `media:<chat id>`."""


def keys_of(one: Heard, device: str) -> list[str]:
    """What a run may be waiting for, that this message is."""
    return [reply_key(address, name) for address in one.person.keys for name in (device, None)]


def waiting(connection: Connection, keys: Sequence[str]) -> dict[str, list[Any]]:
    """The runs that wait, by key."""
    found: dict[str, list[Any]] = {}
    if keys:
        for row in _WAITING.all(connection, {"keys": sorted(set(keys))}):
            found.setdefault(row.wait_key, []).append(row)
    return found


def heard_by(rows: Mapping[str, Sequence[Any]], keys: Sequence[str], tenant_id: int) -> list[Any]:
    """Whom a message wakes: every drip that waits for this person, and one conversation."""
    mine = [row for key in keys for row in rows.get(key, ()) if row.tenant_id == tenant_id]
    talks = sorted((row for row in mine if row.kind == "inbound"), key=lambda row: row.id)
    return [row for row in mine if row.kind != "inbound"] + talks[-1:]


def wake(
    connection: Connection,
    run: Any,
    values: Mapping[str, Any],
    now: datetime,
    media_of: str | None,
    chat_id: int | None,
    until: datetime,
) -> bool:
    """Hand a run what it waits for; False when it waits no longer.

    A message with a file is handed over once the file is there, or at `until`.
    """
    signal: dict[str, Any] = {"t": "event", "values": dict(values)}
    waits_on = media_of is not None and chat_id is not None
    if waits_on:
        signal |= {"media_of": media_of, "until": until.isoformat()}
    return bool(
        _WAKE.run(
            connection,
            {
                "run": run.id,
                "key": run.wait_key,
                "what": signal,
                "next_key": f"{MEDIA}{chat_id}" if waits_on else None,
                "at": until if waits_on else now,
            },
        )
    )


def media_settled(connection: Connection, chat_id: int, now: datetime) -> None:
    """A file of this chat has come, or never will: whoever waits for it looks again."""
    connection.execute(
        update(runs)
        .where(runs.c.wait_key == f"{MEDIA}{chat_id}", runs.c.status == "WAITING")
        .values(wake_at=now)
    )


_WAITING = Hot(
    select(runs.c.id, runs.c.tenant_id, runs.c.kind, runs.c.wait_key).where(
        runs.c.wait_key.in_(bindparam("keys", expanding=True)),
        runs.c.status.in_((literal("WAITING"), literal("PAUSED"))),
    )
)
_WAKE = Hot(
    update(runs)
    .where(
        runs.c.id == bindparam("run"),
        runs.c.status.in_(("WAITING", "PAUSED")),
        runs.c.wait_key == bindparam("key"),
    )
    .values(signal=bindparam("what"), wake_at=bindparam("at"), wait_key=bindparam("next_key"))
)
