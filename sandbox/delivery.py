"""Moving a message: outwards into the ledger, inwards to the webhooks."""

import time
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox import engines, ids
from sandbox.faults import draw
from sandbox.ledger import LedgerFull, text_hash
from sandbox.limits import LEDGER_ROWS_MAX
from sandbox.messages import Media, Message
from sandbox.sessions import Session
from sandbox.world import World

GROUP_ACKS_MAX = 5
"""How many members of a group report each message."""


@dataclass(slots=True)
class Draft:
    """A send call after reading: what shall go where, and when it came."""

    session: Session
    chat: str
    kind: str
    text: str | None
    requested_id: str | None
    arrived_at: float
    arrived_mono: float
    in_flight: int
    call: int
    media: Media | None = None
    reply_to: dict[str, Any] | None = None
    extra: dict[str, Any] | None = None


def content_of(draft: Draft) -> str:
    """What makes two messages the same: text, file and the rest."""
    if draft.kind == "text":
        return draft.text or ""
    parts = [draft.kind, draft.text or ""]
    if draft.media is not None:
        parts.append(draft.media.fingerprint or draft.media.source_url or "")
    if draft.extra is not None:
        parts.append(orjson.dumps(draft.extra, option=orjson.OPT_SORT_KEYS).decode())
    return "\0".join(parts)


def compose(world: World, draft: Draft) -> Message:
    """The message a draft becomes; not delivered yet."""
    is_own = draft.requested_id and engines.honours_message_id(world.engine)
    bare = (
        ids.bare_id(draft.requested_id) if is_own and draft.requested_id else ids.new_message_id()
    )
    return Message(
        id=bare,
        chat=draft.chat,
        person=world.person(draft.chat),
        from_me=True,
        text=draft.text,
        timestamp=int(time.time()),
        source="api",
        ack=engines.first_ack(world.engine),
        kind=draft.kind,
        media=draft.media,
        reply_to=draft.reply_to,
        extra=draft.extra,
    )


def deliver(
    world: World,
    draft: Draft,
    message: Message,
    *,
    fault: str | None = None,
    hidden_s: float = 0.0,
    by_engine: bool = False,
    acks_now: bool = False,
) -> None:
    """Hand a message to its person: ledger, history, webhooks, acknowledgements.

    A repeated id is written to the ledger as suppressed and goes no further. Raises LedgerFull.
    """
    session = draft.session
    content_hash = text_hash(content_of(draft))
    earlier = None
    if world.drop_repeated_ids and not by_engine:
        earlier = world.ledger.content_under(session.name, message.person, message.id)
    media = message.media
    message.timestamp = int(time.time())
    world.ledger.append(
        {
            "outcome": "delivered" if earlier is None else "suppressed",
            "session": session.name,
            "sender": session.phone,
            "chat": message.chat,
            "person": message.person,
            "id": message.id,
            "requested_id": draft.requested_id,
            "kind": message.kind,
            "text": message.text,
            "content_hash": content_hash,
            "media": media
            and {
                "mimetype": media.mimetype,
                "filename": media.filename,
                "size_bytes": media.size_bytes,
                "fingerprint": media.fingerprint,
                "source_url": media.source_url,
            },
            "extra": message.extra,
            "arrived_at": draft.arrived_at,
            "arrived_mono": draft.arrived_mono,
            "delivered_at": time.time(),
            "delivered_mono": time.monotonic(),
            "in_flight": draft.in_flight,
            "call": draft.call,
            "fault": fault,
            "engine_duplicate": by_engine,
            "other_text": earlier is not None and earlier != content_hash,
        }
    )
    if earlier is not None:
        return
    if hidden_s:
        message.visible_at = time.monotonic() + hidden_s
    world.store(session, message)
    world.emit_message(session, message)
    schedule_acks(world, session, message, at_once=acks_now)
    if world.config.cross_delivery and message.person.endswith("@c.us"):
        other = world.by_phone.get(ids.digits(message.person))
        if other is not None and other is not session and other.status == "WORKING":
            _arrive_at_other(world, session, other, message)


def _arrive_at_other(world: World, session: Session, other: Session, message: Message) -> None:
    chat = f"{session.phone}@c.us"
    arrive(
        world,
        other,
        Message(
            id=message.id,
            chat=chat,
            person=chat,
            from_me=False,
            text=message.text,
            timestamp=message.timestamp,
            source="app",
            ack=engines.inbound_ack(world.engine),
            kind=message.kind,
            media=message.media,
            push_name=session.push_name,
            extra=message.extra,
        ),
    )


def schedule_acks(
    world: World, session: Session, message: Message, *, at_once: bool = False
) -> None:
    """Announce SERVER (not on GOWS), DEVICE and READ after their delays."""
    acks = world.acks
    delays = {1: acks.server_ms, 2: acks.device_ms, 3: acks.read_ms}
    number = len(world.ledger.journal)
    for level in engines.ack_steps(world.engine):
        if level == 2 and draw(world.config.seed, "device", number) >= acks.device_share:
            return
        if level == 3 and draw(world.config.seed, "read", number) >= acks.read_share:
            return
        if at_once:
            acknowledge(world, session, message, level)
        else:
            world.later(delays[level] / 1000, acknowledge, world, session, message, level)


def acknowledge(world: World, session: Session, message: Message, level: int) -> None:
    """Raise a message to a level and say so."""
    if level <= message.ack and not (level == 1 and message.ack == 0):
        return
    message.ack = level
    if ids.is_group(message.chat):
        group = session.groups.get(message.chat)
        members = [one for one in (group.participants if group else {}) if one != session.me_id]
        for member in members[:GROUP_ACKS_MAX]:
            if world.webhooks.wants(session, "message.ack.group"):
                body = engines.ack_payload(world.engine, session, message, level, member)
                world.emit(session, "message.ack.group", body)
    elif world.webhooks.wants(session, "message.ack"):
        world.emit(
            session, "message.ack", engines.ack_payload(world.engine, session, message, level)
        )
    if world.hub.has_listeners:
        world.hub.publish(
            "ack",
            {
                "session": session.name,
                "person": message.person,
                "id": message.id,
                "ack": level,
            },
        )


def fail_later(
    world: World, session: Session, message: Message, error: dict[str, Any] | None
) -> None:
    """Accepted, then refused by WhatsApp: an acknowledgement of -1."""
    world.store(session, message)

    def refuse() -> None:
        message.ack = -1
        body = engines.ack_payload(world.engine, session, message, -1, None, error)
        world.emit(session, "message.ack", body)

    world.later(world.acks.device_ms / 1000, refuse)


def is_ignored(session: Session, chat: str) -> bool:
    """Whether the session's config drops this kind of chat, from storage too."""
    ignore = session.config.get("ignore") or {}
    if chat == ids.STATUS_CHAT:
        return bool(ignore.get("status"))
    if ids.is_group(chat):
        return bool(ignore.get("groups"))
    if chat.endswith("@newsletter"):
        return bool(ignore.get("channels"))
    return chat.endswith("@broadcast") and bool(ignore.get("broadcast"))


def arrive(world: World, session: Session, message: Message) -> None:
    """A message that did not come through the API: from a customer or from the owner's phone."""
    if is_ignored(session, message.chat):
        return
    if len(world.arrivals) >= LEDGER_ROWS_MAX:
        raise LedgerFull(f"{LEDGER_ROWS_MAX} messages have arrived; POST /sandbox/reset")
    media = message.media
    world.arrivals.append(
        {
            "stored_at": time.time(),
            "session": session.name,
            "id": message.id,
            "chat": message.chat,
            "person": message.person,
            "from_me": message.from_me,
            "text": message.text,
            "timestamp": message.timestamp,
            "source": message.source,
            "ack": message.ack,
            "kind": message.kind,
            "media": media
            and {
                "mimetype": media.mimetype,
                "filename": media.filename,
                "size_bytes": media.size_bytes,
                "fingerprint": media.fingerprint,
                "data_key": media.data_key,
                "state": media.state,
            },
            "participant": message.participant,
            "push_name": message.push_name,
            "extra": message.extra,
        }
    )
    world.store(session, message)
    world.emit_message(session, message)
