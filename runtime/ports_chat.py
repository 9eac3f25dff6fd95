"""What a run asks about its own chat: the shop's rules for it, what was said once, handing over."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, bindparam, select, update

from nodes.contract import (
    AiTask,
    Audience,
    Device,
    Media,
    NodeError,
    ReadText,
    Values,
)
from services.accounts.models import User
from services.auto_replies.rules import RuleBooks
from services.chats import takeover
from services.chats.models import ChatSession
from services.devices.models import Device as DeviceRow
from services.kit.clock import Clock
from services.kit.statements import Hot

if TYPE_CHECKING:
    from runtime.ports import DbPorts
    from services.auto_replies.rules import RuleBooks

chats: Table = ChatSession.__table__  # type: ignore[assignment]
devices: Table = DeviceRow.__table__  # type: ignore[assignment]
users: Table = User.__table__  # type: ignore[assignment]

DONE = "done"
"""Where `chat_sessions.memory` holds when something was last done in a chat: key -> ISO time."""
KEYS_MOST = 50

_MEMORY = Hot(
    select(chats.c.memory).where(
        chats.c.tenant_id == bindparam("tenant"), chats.c.id == bindparam("chat")
    )
)
_CHAT = Hot(
    select(devices.c.session_name, users.c.name, users.c.email)
    .select_from(chats)
    .join(devices, devices.c.id == chats.c.device_id)
    .outerjoin(users, users.c.id == chats.c.assigned_to)
    .where(chats.c.tenant_id == bindparam("tenant"), chats.c.id == bindparam("chat"))
)


class ChatMemories:
    """What was done in chats and when; read as it is asked for, written once for a batch."""

    def __init__(self, connection: Connection, tenant_id: int, clock: Clock, now: datetime) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._clock = clock
        self._now = now
        self._known: dict[int, dict[str, str]] = {}
        self._noted: dict[int, dict[str, str]] = {}

    def first(self, chat_id: int, key: str, within_s: float, *, note: bool) -> bool:
        """Whether `key` was not done in this chat within that time; then it is noted."""
        known = self._known.get(chat_id)
        if known is None:
            memory = _MEMORY.scalar(self._connection, {"tenant": self._tenant_id, "chat": chat_id})
            known = self._known[chat_id] = dict((memory or {}).get(DONE) or {})
        last = known.get(key)
        if last is not None:
            since = self._now - datetime.fromisoformat(last)
            if since < self._clock.span(within_s):
                return False
        if note:
            known[key] = self._now.isoformat()
            self._noted.setdefault(chat_id, {})[key] = known[key]
        return True

    def write_down(self, connection: Connection, now: datetime) -> None:
        """Add what was noted to what stands there now; the oldest goes when it is too much."""
        for chat_id, noted in self._noted.items():
            mine = (chats.c.tenant_id == self._tenant_id) & (chats.c.id == chat_id)
            memory = connection.execute(
                select(chats.c.memory).where(mine).with_for_update()
            ).scalar()
            if memory is None:
                continue
            done = {**(memory.get(DONE) or {}), **noted}
            newest = sorted(done, key=lambda key: done[key])[-KEYS_MOST:]
            kept = {**memory, DONE: {key: done[key] for key in newest}}
            connection.execute(update(chats).where(mine).values(memory=kept, updated_at=now))


class RunPorts:
    """`Ports` of one run: those of its tenant, and what concerns its own chat."""

    __slots__ = ("_chat_id", "_contact_id", "_is_live", "_tenant")

    def __init__(
        self, tenant: "DbPorts", chat_id: int | None, contact_id: int | None, mode: str
    ) -> None:
        self._tenant = tenant
        self._chat_id = chat_id
        self._contact_id = contact_id
        self._is_live = mode == "live"

    # ------------------------------------------------------------------ its own chat

    def reply_rules(self, text: str) -> Sequence[Values]:
        if self._chat_id is None:
            return self._tenant.reply_rules(text)
        return self._tenant.rules_of_chat(self._chat_id, self._contact_id, text, note=self._is_live)

    def once(self, key: str, within_s: float) -> bool:
        if self._chat_id is None:
            return True
        return self._tenant.first_in_chat(self._chat_id, key, within_s, note=self._is_live)

    def hand_over(self, until: datetime | None, why: str) -> Values:
        if self._chat_id is None:
            return self._tenant.hand_over(until, why)
        return self._tenant.hand_over_chat(self._chat_id, until, why)

    # ------------------------------------------------------------------ its tenant's

    def blocked(self, phone: str) -> str | None:
        return self._tenant.blocked(phone)

    def devices(self, names: Sequence[str]) -> Sequence[Device]:
        return self._tenant.devices(names)

    def device_known_to(self, phone: str) -> str | None:
        return self._tenant.device_known_to(phone)

    def turn(self, key: str) -> int:
        return self._tenant.turn(key)

    def audience(self, selector: Values) -> Audience:
        return self._tenant.audience(selector)

    def contact(self, phone: str) -> Values | None:
        return self._tenant.contact(phone)

    def tag(self, phone: str, add: Sequence[str], remove: Sequence[str]) -> None:
        self._tenant.tag(phone, add, remove)

    def profile(self) -> Values:
        return self._tenant.profile()

    def quiet_until(self, now: datetime, rule: Values) -> datetime:
        return self._tenant.quiet_until(now, rule)

    def media(self, reference: str) -> Media:
        return self._tenant.media(reference)

    def read_image(self, reference: str, timeout_s: float) -> ReadText:
        return self._tenant.read_image(reference, timeout_s)

    def save_contact(self, phone: str, name: str | None, fields: Values) -> Values:
        return self._tenant.save_contact(phone, name, fields)

    def block(self, phone: str, reason: str) -> None:
        self._tenant.block(phone, reason)

    def http(self, request: Values, timeout_s: float) -> Values:
        return self._tenant.http(request, timeout_s)

    def ai(self, task: AiTask, request: Values, timeout_s: float) -> Values:
        return self._tenant.ai(task, request, timeout_s)

    def click(self, rotator: str, target: str, source: Values) -> str:
        return self._tenant.click(rotator, target, source)


def rulings(
    connection: Connection,
    books: RuleBooks,
    tenant_id: int,
    chat_id: int,
    contact_id: int | None,
    text: str,
    now: datetime,
    zone: str,
) -> list[dict[str, Any]]:
    """The shop's rules that a text meets in a chat, as `Ports.reply_rules` gives them."""
    chat = _chat(connection, tenant_id, chat_id)
    found = books.applying(connection, tenant_id, text, contact_id, chat.session_name, now, zone)
    return [asdict(ruling) for ruling in (*found.applied, *found.matched_too)]


def hand_over(
    tenant_id: int,
    chat_id: int,
    until: datetime | None,
    why: str,
    connection: Connection,
    now: datetime,
) -> None:
    """Write down that a person has this chat."""
    takeover.hand_over(connection, tenant_id, chat_id, why, until, now)


def agent_of(connection: Connection, tenant_id: int, chat_id: int) -> str | None:
    """The name of whom a chat is assigned to."""
    chat = _chat(connection, tenant_id, chat_id)
    name: str | None = chat.name or chat.email
    return name


def _chat(connection: Connection, tenant_id: int, chat_id: int) -> Any:
    found = _CHAT.all(connection, {"tenant": tenant_id, "chat": chat_id})
    if not found:
        raise NodeError("The chat of this run is gone.", code="no_chat")
    return found[0]
