"""Two contacts turn out to be one person: one contact keeps everything of both.

What can't be moved because the kept contact has it already (the same campaign, the same tag) goes,
except a recipient's row of a campaign: what was promised about it still stands, so its contact
stays, switched off and without a number.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update

from domain.states import ChatMode
from services.auto_replies.models import AutoReplyUse
from services.campaigns.models import CampaignLog
from services.chats import intake
from services.chats.models import ChatMessage, ChatSession
from services.contacts.models import Contact, ContactIdentity, ContactTagLink
from services.messages.models import OutboundMessage

contacts: Table = Contact.__table__  # type: ignore[assignment]
identities: Table = ContactIdentity.__table__  # type: ignore[assignment]
links: Table = ContactTagLink.__table__  # type: ignore[assignment]
logs: Table = CampaignLog.__table__  # type: ignore[assignment]
chats: Table = ChatSession.__table__  # type: ignore[assignment]
said: Table = ChatMessage.__table__  # type: ignore[assignment]
messages: Table = OutboundMessage.__table__  # type: ignore[assignment]
uses: Table = AutoReplyUse.__table__  # type: ignore[assignment]

_RESTRAINT = {ChatMode.BOT.value: 0, ChatMode.HUMAN.value: 1, ChatMode.MUTED.value: 2}
MERGED = "merged"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Merged:
    """Which contact is kept, which is gone, and which chat became part of which."""

    kept_id: int
    gone_id: int
    chats: dict[int, int] = field(default_factory=dict)


def merge(
    connection: Connection, tenant_id: int, first_id: int, second_id: int, *, now: datetime
) -> Merged:
    """Make the two one.

    Kept is the one somebody saved, else the one with a number, else the older one.
    """
    rows = connection.execute(
        select(contacts)
        .where(contacts.c.tenant_id == tenant_id, contacts.c.id.in_((first_id, second_id)))
        .order_by(contacts.c.id)
        .with_for_update()
    ).all()
    kept, gone = sorted(rows, key=lambda row: (not row.is_saved, row.phone is None, row.id))
    _move_identities(connection, kept.id, gone.id)
    _move_tags(connection, kept.id, gone.id)
    _move_uses(connection, kept.id, gone.id)
    joined = _move_chats(connection, kept.id, gone.id, now)
    stays = _move_logs(connection, kept.id, gone.id)
    if stays:
        connection.execute(
            update(contacts)
            .where(contacts.c.id == gone.id)
            .values(phone=None, is_active=False, is_saved=False, source=MERGED, updated_at=now)
        )
    else:
        connection.execute(delete(contacts).where(contacts.c.id == gone.id))
    connection.execute(
        update(contacts).where(contacts.c.id == kept.id).values(**_of_both(kept, gone, now))
    )
    return Merged(kept.id, gone.id, joined)


def _of_both(kept: Row[Any], gone: Row[Any], now: datetime) -> dict[str, Any]:
    heard = [row for row in (kept, gone) if row.last_inbound_at is not None]
    last = max(heard, key=lambda row: row.last_inbound_at, default=kept)
    return {
        "phone": kept.phone or gone.phone,
        "name": kept.name or gone.name,
        "metadata": {**(gone.metadata or {}), **(kept.metadata or {})},
        "zone": kept.zone or gone.zone,
        "last_device_id": last.last_device_id or kept.last_device_id or gone.last_device_id,
        "last_inbound_at": last.last_inbound_at,
        "is_saved": kept.is_saved or gone.is_saved,
        "updated_at": now,
    }


def _move_identities(connection: Connection, kept: int, gone: int) -> None:
    connection.execute(
        update(identities).where(identities.c.contact_id == gone).values(contact_id=kept)
    )


def _move_tags(connection: Connection, kept: int, gone: int) -> None:
    has = connection.execute(select(links.c.tag_id).where(links.c.contact_id == kept)).scalars()
    connection.execute(
        delete(links).where(links.c.contact_id == gone, links.c.tag_id.in_(has.all()))
    )
    connection.execute(update(links).where(links.c.contact_id == gone).values(contact_id=kept))


def _move_uses(connection: Connection, kept: int, gone: int) -> None:
    """When rules last answered: the later time of both, so that no pause becomes shorter."""
    theirs = connection.execute(select(uses).where(uses.c.contact_id == gone)).all()
    ours = {
        row.rule_id: row
        for row in connection.execute(select(uses).where(uses.c.contact_id == kept))
    }
    for row in theirs:
        own = ours.get(row.rule_id)
        if own is None:
            continue
        connection.execute(
            update(uses)
            .where(uses.c.rule_id == row.rule_id, uses.c.contact_id == kept)
            .values(used_at=max(own.used_at, row.used_at), times=own.times + row.times)
        )
        connection.execute(
            delete(uses).where(uses.c.rule_id == row.rule_id, uses.c.contact_id == gone)
        )
    connection.execute(update(uses).where(uses.c.contact_id == gone).values(contact_id=kept))


def _move_logs(connection: Connection, kept: int, gone: int) -> bool:
    """Move recipients' rows and sends; whether some must stay with the one that is gone."""
    has = connection.execute(select(logs.c.campaign_id).where(logs.c.contact_id == kept)).scalars()
    taken = has.all()
    connection.execute(
        update(logs)
        .where(logs.c.contact_id == gone, logs.c.campaign_id.not_in(taken))
        .values(contact_id=kept)
    )
    connection.execute(
        update(messages)
        .where(
            messages.c.identity_id == gone,
            messages.c.campaign_id.is_(None) | messages.c.campaign_id.not_in(taken),
        )
        .values(identity_id=kept)
    )
    left = connection.execute(
        select(func.count()).select_from(logs).where(logs.c.contact_id == gone)
    ).scalar_one()
    return bool(left)


def _move_chats(connection: Connection, kept: int, gone: int, now: datetime) -> dict[int, int]:
    joined: dict[int, int] = {}
    rows = connection.execute(
        select(chats).where(chats.c.contact_id.in_((kept, gone))).with_for_update()
    ).all()
    ours = {row.device_id: row for row in rows if row.contact_id == kept}
    for row in rows:
        if row.contact_id != gone:
            continue
        own = ours.get(row.device_id)
        if own is None:
            connection.execute(update(chats).where(chats.c.id == row.id).values(contact_id=kept))
        else:
            _join(connection, own, row, now)
            joined[row.id] = own.id
    return joined


def _said_in_both(
    connection: Connection, kept: Row[Any], gone: Row[Any]
) -> list[tuple[Row[Any], Row[Any]]]:
    """Messages of which both chats know something."""
    theirs = said.alias("theirs")
    ids = connection.execute(
        select(said.c.id, theirs.c.id)
        .join(theirs, theirs.c.waha_message_id == said.c.waha_message_id)
        .where(said.c.session_id == kept.id, theirs.c.session_id == gone.id)
    ).all()
    wanted = [one for pair in ids for one in pair]
    rows = {row.id: row for row in connection.execute(select(said).where(said.c.id.in_(wanted)))}
    return [(rows[own], rows[other]) for own, other in ids]


def _join(connection: Connection, kept: Row[Any], gone: Row[Any], now: datetime) -> None:
    """Two chats on one device become one; who is the more careful about the bot decides."""
    both = _said_in_both(connection, kept, gone)
    for own, other in both:
        values = intake.combined(own, other)
        connection.execute(update(said).where(said.c.id == own.id).values(**values))
    connection.execute(delete(said).where(said.c.id.in_([other.id for _, other in both])))
    connection.execute(update(said).where(said.c.session_id == gone.id).values(session_id=kept.id))
    connection.execute(
        update(messages)
        .where(messages.c.chat_session_id == gone.id)
        .values(chat_session_id=kept.id)
    )
    strict = max((kept, gone), key=lambda row: _RESTRAINT.get(row.mode, 0))
    newest = max(
        (kept, gone), key=lambda row: (row.last_message_at is not None, row.last_message_at)
    )
    connection.execute(delete(chats).where(chats.c.id == gone.id))
    connection.execute(
        update(chats)
        .where(chats.c.id == kept.id)
        .values(
            phone=kept.phone or gone.phone,
            lid=kept.lid or gone.lid,
            mode=strict.mode,
            mode_reason=strict.mode_reason,
            human_until=strict.human_until,
            assigned_to=kept.assigned_to or gone.assigned_to,
            unread=kept.unread + gone.unread,
            attention=kept.attention or gone.attention,
            preview=newest.preview,
            last_message_at=newest.last_message_at,
            last_inbound_at=max(
                (at for at in (kept.last_inbound_at, gone.last_inbound_at) if at is not None),
                default=None,
            ),
            memory={**(gone.memory or {}), **(kept.memory or {})},
            updated_at=now,
        )
    )
