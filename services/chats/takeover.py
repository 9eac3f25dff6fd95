"""Who answers in a chat: the bot, a human until a time, or nobody.

The functions work on the caller's transaction and take whole batches. Only BOT and an ended HUMAN
let the bot speak; MUTED stays MUTED until a person changes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Table, and_, or_, select, update

from domain.states import ChatMode
from services.accounts.models import Tenant, User
from services.chats.models import ChatSession
from services.kit.clock import Clock

chats: Table = ChatSession.__table__  # type: ignore[assignment]
tenants: Table = Tenant.__table__  # type: ignore[assignment]
users: Table = User.__table__  # type: ignore[assignment]

TAKEOVER_HOURS = 12.0
"""How long the bot is quiet after a human answered; the tenant's `takeover_hours` overrules it."""
TAKEOVER_HOURS_MOST = 24.0 * 365
BY_PHONE, HANDED_OVER, BY_AGENT, LOOP, ASKED = "phone", "handed_over", "agent", "loop", "asked"
"""The words of `mode_reason`."""
BY_THE_BOT = frozenset({HANDED_OVER, LOOP})
"""Reasons for which the bot itself gave the chat to a human."""


class Answered(Protocol):
    """What tells who answers in a chat: a row of chat_sessions, or a part of one."""

    @property
    def mode(self) -> str: ...

    @property
    def human_until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A chat that a person has now. `agent`: the name of whom it is assigned to, if anybody."""

    chat_id: int
    until: datetime | None
    agent: str | None


def is_human(chat: Answered, now: datetime) -> bool:
    """Whether a human has this chat at the moment; a time that is past counts as the bot's."""
    if chat.mode != ChatMode.HUMAN:
        return False
    return chat.human_until is None or chat.human_until > now


def is_bot(chat: Answered, now: datetime) -> bool:
    """Whether the bot may speak in this chat at the moment."""
    return chat.mode != ChatMode.MUTED and not is_human(chat, now)


def keeps_back(chat: Answered, mode_reason: str | None, now: datetime) -> bool:
    """Whether an automatic reply that already waits for this chat must not leave any more.

    What a flow says after it has handed a chat over is said: no person has spoken yet.
    """
    return not is_bot(chat, now) and not (is_human(chat, now) and mode_reason == HANDED_OVER)


def pause_until(hours: object, clock: Clock, now: datetime) -> datetime:
    """When the bot comes back after a human spoke now; `hours` as the tenant's profile has it."""
    asked = float(hours) if isinstance(hours, int | float) and hours is not True else 0.0
    if not 0 < asked <= TAKEOVER_HOURS_MOST:
        asked = TAKEOVER_HOURS
    return now + clock.span(3600.0 * asked)


def human_answered(
    connection: Connection,
    chat_ids: Sequence[int],
    clock: Clock,
    now: datetime,
    reason: str = BY_PHONE,
) -> None:
    """A human has just answered in these chats: the bot is quiet for the tenant's hours.

    A chat that a person took without an end stays theirs, one that is MUTED stays so; for one that
    the bot handed over the hours begin now. What asked for attention, or was unread, has been seen.
    """
    if not chat_ids:
        return
    rows = connection.execute(
        select(chats.c.id, tenants.c.id.label("tenant_id"), tenants.c.profile)
        .join(tenants, tenants.c.id == chats.c.tenant_id)
        .where(chats.c.id.in_(sorted(set(chat_ids))))
    ).all()
    by_until: dict[datetime, list[int]] = {}
    for row in rows:
        until = pause_until((row.profile or {}).get("takeover_hours"), clock, now)
        by_until.setdefault(until, []).append(row.id)
    connection.execute(
        update(chats)
        .where(chats.c.id.in_([row.id for row in rows]))
        .values(attention=None, unread=0, updated_at=now)
    )
    for until, ids in by_until.items():
        connection.execute(
            update(chats)
            .where(
                chats.c.id.in_(ids),
                or_(
                    chats.c.mode == ChatMode.BOT.value,
                    and_(
                        chats.c.mode == ChatMode.HUMAN.value,
                        chats.c.human_until.is_not(None),
                        chats.c.human_until < until,
                    ),
                    and_(
                        chats.c.mode == ChatMode.HUMAN.value,
                        chats.c.mode_reason.in_(sorted(BY_THE_BOT)),
                    ),
                ),
            )
            .values(mode=ChatMode.HUMAN.value, mode_reason=reason, human_until=until)
        )


def hand_over(
    connection: Connection,
    tenant_id: int,
    chat_id: int,
    why: str,
    until: datetime | None,
    now: datetime,
) -> HandedOver | None:
    """Give a chat to a person, until a time or for good, and mark that it waits for one.

    `why` is the reason and the attention: `handed_over`, `loop`. None: there is no such chat.
    """
    met = connection.execute(
        update(chats)
        .where(chats.c.tenant_id == tenant_id, chats.c.id == chat_id)
        .values(
            mode=ChatMode.HUMAN.value,
            mode_reason=why,
            human_until=until,
            attention=why,
            updated_at=now,
        )
    )
    if not met.rowcount:
        return None
    agent = connection.execute(
        select(users.c.name, users.c.email)
        .join(chats, chats.c.assigned_to == users.c.id)
        .where(chats.c.tenant_id == tenant_id, chats.c.id == chat_id)
    ).first()
    return HandedOver(chat_id, until, None if agent is None else agent.name or agent.email)


def give_back(
    connection: Connection, tenant_id: int, chat_ids: Sequence[int], now: datetime
) -> None:
    """The bot answers in these chats again."""
    if chat_ids:
        connection.execute(
            update(chats)
            .where(chats.c.tenant_id == tenant_id, chats.c.id.in_(sorted(set(chat_ids))))
            .values(**_WITH_THE_BOT, updated_at=now)
        )


def sweep(connection: Connection, now: datetime, limit: int = 500) -> list[int]:
    """Write back that the time of humans has ended; returns the chats, at most `limit`."""
    ended = (
        connection.execute(
            select(chats.c.id)
            .where(chats.c.mode == ChatMode.HUMAN.value, chats.c.human_until <= now)
            .order_by(chats.c.human_until)
            .limit(limit)
        )
        .scalars()
        .all()
    )
    if ended:
        connection.execute(
            update(chats)
            .where(
                chats.c.id.in_(ended),
                chats.c.mode == ChatMode.HUMAN.value,
                chats.c.human_until <= now,
            )
            .values(**_WITH_THE_BOT, updated_at=now)
        )
    return list(ended)


_WITH_THE_BOT = {"mode": ChatMode.BOT.value, "mode_reason": None, "human_until": None}
