"""Looks a doubtful message up at WAHA: proof, valid absence, or nothing to conclude."""

from datetime import timedelta
from typing import Protocol

from services.integrations.waha.addresses import chat_id
from services.integrations.waha.errors import WahaError
from services.integrations.waha.types import Capabilities, Message, Session
from services.messages.ledger import body_hash
from services.messages.settle import Doubt, Verdict

HISTORY_PAGE = 50
CLOCK_SKEW = timedelta(seconds=120)


class Lookups(Protocol):
    """The asynchronous look-ups of one WAHA server."""

    async def session(self, name: str) -> Session: ...

    async def message_by_id(self, session: str, bare_id: str) -> Message | None: ...

    async def messages(
        self, session: str, chat: str, *, from_me: bool, since_s: int, limit: int
    ) -> list[Message]: ...


async def look_up(doubt: Doubt, server: Lookups, can: Capabilities) -> Verdict:
    """One look at the evidence. Absence counts only while the session and its store are sound.

    An engine that takes our ids is asked by id; the others are asked for the same text in the
    same chat, and there absence proves nothing: a person decides.
    """
    if doubt.ack_level >= 1:
        return Verdict(doubt, "sent", {"by": "ack", "level": doubt.ack_level})
    try:
        if doubt.wa_id_ours and can.history_all:
            return await _by_id(doubt, server)
        return await _by_text(doubt, server)
    except WahaError as error:
        return Verdict(doubt, "unclear", {"by": "look-up", "error": error.code})


async def _by_id(doubt: Doubt, server: Lookups) -> Verdict:
    found = await server.message_by_id(doubt.session, doubt.wa_msg_id or "")
    if found is not None:
        if found.ack == 0:
            # Handed to the engine's socket, not yet to WhatsApp's server: ask again.
            return Verdict(doubt, "unclear", {"by": "id", "ack": 0})
        if found.ack == -1:
            return Verdict(doubt, "unclear", {"by": "id", "ack": -1})
        return Verdict(doubt, "sent", {"by": "id", "ack": found.ack})
    why_not = await _why_absence_proves_nothing(doubt, server)
    if why_not is not None:
        return Verdict(doubt, "unclear", {"by": "id", "no_proof": why_not})
    return Verdict(doubt, "not_found", {"by": "id"})


async def _why_absence_proves_nothing(doubt: Doubt, server: Lookups) -> str | None:
    """None when the session was up all the while and its store knows what it should know."""
    session = await server.session(doubt.session)
    if not session.ready:
        return "session_not_working"
    if doubt.link_since is not None and doubt.link_since > doubt.sending_at:
        return "session_was_interrupted"
    if doubt.last_sent_id is None:
        return "nothing_known_to_compare"
    if await server.message_by_id(doubt.session, doubt.last_sent_id) is None:
        return "store_forgets"
    return None


async def _by_text(doubt: Doubt, server: Lookups) -> Verdict:
    since_s = int((doubt.sending_at - CLOCK_SKEW).timestamp())
    wanted = body_hash(doubt.body)
    history = await server.messages(
        doubt.session, _chat(doubt), from_me=True, since_s=since_s, limit=HISTORY_PAGE
    )
    same = [
        message
        for message in history
        if message.body is not None and body_hash(message.body) == wanted and message.ack != -1
    ]
    if len(same) == 1:
        return Verdict(doubt, "sent", {"by": "text"}, wa_msg_id=same[0].bare_id)
    # Two equal texts can't be told apart, and a page without it may just be incomplete.
    return Verdict(doubt, "unclear", {"by": "text", "matches": len(same)})


def _chat(doubt: Doubt) -> str:
    return doubt.chat_key if "@" in doubt.chat_key else chat_id(doubt.chat_key)
