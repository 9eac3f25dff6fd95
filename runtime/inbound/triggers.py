"""What a flow is told of the message that starts it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.engine.state import RunState
from flows.engine.step import begin
from runtime.arrivals import media_wait
from runtime.inbound.books import Listener
from runtime.inbound.reading import Heard
from services.chats.intake import WANTED
from services.integrations.waha.inbound import Said
from services.kit.clock import Clock

SEED_CHARS = 40
DEDUPE_CHARS = 120


def values_of(ones: Sequence[Heard], device: str, *, is_new: bool, clock: Clock) -> dict[str, Any]:
    """`trigger` of a run that these messages of one chat start, in order."""
    entries = [entry_of(one) for one in ones]
    last = ones[-1]
    assert isinstance(last.event, Said)
    quoted = next((told for one in ones if (told := _quoted(one)) is not None), None)
    return together(
        {
            "chat_id": last.chat_key,
            "device": device,
            "contact": None,
            "quoted": quoted,
            "is_new": is_new,
            "media_until": (last.row.received_at + media_wait(clock)).isoformat(),
        },
        entries,
        last.row.event_id,
    )


def entry_of(one: Heard) -> dict[str, Any]:
    """One message of a burst."""
    assert isinstance(one.event, Said)
    return {
        "id": one.event.bare_id,
        "text": one.text,
        "type": one.event.kind,
        "media": None,
        "media_state": WANTED if one.event.media is not None else None,
        "sent_at": one.event.sent_at.isoformat(),
        **({"extra": dict(one.event.extra)} if one.event.extra else {}),
    }


def together(
    values: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], event_id: str
) -> dict[str, Any]:
    """The whole of a burst: its texts in lines, its first file, its kind."""
    ordered = sorted(entries, key=lambda entry: str(entry["sent_at"]))
    file = next((entry for entry in ordered if entry["media_state"]), None)
    shown = file or ordered[-1]
    return {
        **values,
        "text": "\n".join(entry["text"] for entry in ordered if entry["text"]),
        "type": shown["type"],
        "media": shown["media"],
        "media_state": shown["media_state"],
        "messages": list(ordered),
        "count": len(ordered),
        "event_id": event_id,
        "sent_at": ordered[-1]["sent_at"],
    }


def state_of(listener: Listener, values: Mapping[str, Any]) -> dict[str, Any]:
    """A run that stands before its first node."""
    state: RunState = begin(listener.kept.plan, listener.name, trigger=values)
    return state.to_dict()


def dedupe_key(one: Heard) -> str:
    """One start a message, whoever reports it."""
    assert isinstance(one.event, Said)
    return f"m:{one.row.device_id}:{one.event.bare_id}"[:DEDUPE_CHARS]


def seed_of(one: Heard) -> str:
    assert isinstance(one.event, Said)
    return one.event.bare_id[-SEED_CHARS:]


def is_due_at(
    created_at: datetime, count: int, listener: Listener, now: datetime, clock: Clock
) -> datetime:
    """When a burst counts as over."""
    burst = listener.burst
    if count >= burst.messages:
        return now
    return min(now + clock.span(burst.quiet_s), created_at + clock.span(burst.most_s))


def _quoted(one: Heard) -> dict[str, Any] | None:
    """The message this one answers."""
    if not isinstance(one.event, Said) or one.event.quoted_id is None:
        return None
    return {"id": one.event.quoted_id, "text": one.event.quoted_text}
