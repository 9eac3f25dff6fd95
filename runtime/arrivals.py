"""Runs whose message is still arriving: a burst that goes on, or a file that is being fetched.

Until the first node ran, the world is looked at again: a human may have answered meanwhile, or
the person may be blocked by now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, select

from flows.engine import halts
from flows.engine.state import RunState
from services.blacklist.reasons import silences_replies
from services.chats import takeover
from services.chats.models import ChatMessage
from services.kit.clock import Clock
from services.kit.statements import Hot

if TYPE_CHECKING:
    from runtime.advance import _Surroundings

said: Table = ChatMessage.__table__  # type: ignore[assignment]

GATHER, MEDIA = "gather:", "media:"
MEDIA_WAIT_S = 60.0
"""So long a run waits for a file; see `media_wait`."""
WANTED, STORED = "WANTED", "STORED"


@dataclass(frozen=True, slots=True)
class Ready:
    """The run may go on. `signal`: what it was woken with."""

    signal: halts.Signal | None


@dataclass(frozen=True, slots=True)
class Later:
    """Not yet: look again at `until`, or when `wait_key` is woken."""

    wait_key: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Never:
    """It must not go on."""

    reason: str


def is_arriving(wait_key: str) -> bool:
    return wait_key.startswith((GATHER, MEDIA))


def gather_key(trigger_id: int, chat_id: int) -> str:
    """What a run waits under while its burst goes on."""
    return f"{GATHER}{trigger_id}:{chat_id}"


def look(row: Any, state: RunState, surroundings: "_Surroundings") -> Ready | Later | Never:
    """Whether the run may go on by now; puts the files that came into its state."""
    now = surroundings.now
    signal = row.signal
    if signal is None:
        reason = _why_not(row, surroundings)
        if reason is not None:
            return Never(reason)
        wanted = [one["id"] for one in state.trigger.get("messages", ()) if one["media_state"]]
    else:
        wanted = [signal["media_of"]] if signal.get("media_of") else []
    if not wanted:
        return Ready(_event(signal, None))
    found = {
        one.waha_message_id: one
        for one in _FILES.all(
            surroundings.connection, {"chat": row.chat_session_id or _chat_in(row), "ids": wanted}
        )
    }
    if any(one.media_state == WANTED for one in found.values()):
        until = _deadline(row, state, surroundings)
        if now < until:
            return Later(f"{MEDIA}{row.chat_session_id or _chat_in(row)}", until)
    if signal is None:
        _fill_in(state, found)
        return Ready(None)
    return Ready(_event(signal, found.get(wanted[0])))


def media_wait(clock: Clock) -> timedelta:
    """How long a run waits for a file. A scaled clock gives a fetch the time of one call."""
    return max(clock.span(MEDIA_WAIT_S), timedelta(seconds=clock.shortest_call_s))


def media_values(row: Any) -> dict[str, Any] | None:
    """A file as flows see it; None while it has not come."""
    if row is None or row.media_state != STORED or not row.media_url:
        return None
    told = row.media or {}
    return {
        "ref": row.media_url,
        "mimetype": told.get("mimetype"),
        "filename": told.get("filename"),
    }


def _why_not(row: Any, surroundings: "_Surroundings") -> str | None:
    chat = surroundings.met.chats.get(row.chat_session_id)
    if chat is None:
        return "chat_gone"
    if not takeover.is_bot(chat, surroundings.now):
        return "takeover"
    ports = surroundings.ports(row.tenant_id)
    for key in (chat.phone, f"{chat.lid}@lid" if chat.lid else None):
        reason = ports.blocked(key) if key else None
        if reason is not None and silences_replies(reason):
            return "blacklisted"
    return None


def _chat_in(row: Any) -> int:
    """A broadcast's element has no chat of its own: the key it waits under names it."""
    return int(str(row.wait_key).removeprefix(MEDIA))


def _deadline(row: Any, state: RunState, surroundings: "_Surroundings") -> datetime:
    told = (row.signal or {}).get("until") or state.trigger.get("media_until")
    if told is not None:
        return datetime.fromisoformat(told)
    until: datetime = row.created_at + media_wait(surroundings.world.clock)
    return until


def _fill_in(state: RunState, found: Mapping[str, Any]) -> None:
    for one in state.trigger["messages"]:
        row = found.get(one["id"])
        if one["media_state"] and row is not None:
            one["media"], one["media_state"] = media_values(row), row.media_state
    files = [one for one in state.trigger["messages"] if one["media_state"]]
    best = next((one for one in files if one["media"]), files[0])
    state.trigger["media"] = best["media"]
    state.trigger["media_state"] = best["media_state"]


def _event(signal: Mapping[str, Any] | None, row: Any) -> halts.Signal | None:
    if signal is None:
        return None
    values = dict(signal.get("values") or {})
    if row is not None:
        values["media"], values["media_state"] = media_values(row), row.media_state
    return halts.Event(values)


_FILES = Hot(
    select(said.c.waha_message_id, said.c.media_state, said.c.media_url, said.c.media).where(
        said.c.session_id == bindparam("chat"),
        said.c.waha_message_id.in_(bindparam("ids", expanding=True)),
    )
)
