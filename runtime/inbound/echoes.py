"""Which messages of the owner's number we sent, and which a human typed on the phone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, bindparam, or_, select, tuple_

from runtime.inbound.reading import Heard
from services.integrations.waha.inbound import Said
from services.kit.clock import Clock
from services.kit.statements import Hot
from services.messages.ledger import body_hash
from services.messages.models import OutboundMessage

messages: Table = OutboundMessage.__table__  # type: ignore[assignment]

JUST_SENT_S = 120.0
JUST_SENT_FLOOR = timedelta(seconds=10)


def mark_ours(connection: Connection, heard: Sequence[Heard], clock: Clock, now: datetime) -> None:
    """Mark what is in the ledger: by its id, else by the text that is on its way to this chat.

    Engines that choose ids tell the echo before the answer to the send; and what another program
    sent through the same server (`source` says so) no human typed.
    """
    mine = [one for one in heard if isinstance(one.event, Said) and one.event.from_me]
    if not mine:
        return
    places = [_place(one) for one in mine]
    by_id = {(row.device_id, row.wa_msg_id) for row in _BY_ID.all(connection, {"places": places})}
    for one in mine:
        one.is_ours = _place(one) in by_id
    unknown = [one for one in mine if not one.is_ours]
    if not unknown:
        return
    since = now - max(clock.span(JUST_SENT_S), JUST_SENT_FLOOR)
    rows = _ON_THE_WAY.all(
        connection,
        {"devices": sorted({one.row.device_id for one in unknown}), "since": since},
    )
    texts = {(row.device_id, row.chat_key, row.body_hash) for row in rows}
    for one in unknown:
        assert isinstance(one.event, Said)
        hashed = body_hash(one.event.text or "")
        one.is_ours = any((one.row.device_id, key, hashed) in texts for key in one.person.keys)


def _place(one: Heard) -> tuple[int, str]:
    assert isinstance(one.event, Said)
    return one.row.device_id, one.event.bare_id


_BY_ID = Hot(
    select(messages.c.device_id, messages.c.wa_msg_id).where(
        tuple_(messages.c.device_id, messages.c.wa_msg_id).in_(bindparam("places", expanding=True))
    )
)
_ON_THE_WAY = Hot(
    select(messages.c.device_id, messages.c.chat_key, messages.c.body_hash).where(
        messages.c.device_id.in_(bindparam("devices", expanding=True)),
        or_(
            messages.c.status.in_(("SENDING", "AMBIGUOUS")),
            (messages.c.status == "SENT") & (messages.c.sent_at >= bindparam("since")),
        ),
    )
)
