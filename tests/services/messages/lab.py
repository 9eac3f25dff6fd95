"""Devices, messages and campaigns of one tenant, and a clock that only a test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import Row, insert, select, update

from runtime.outcomes import apply_finals, apply_skips, apply_verdicts
from services.accounts.models import Tenant
from services.blacklist.models import Blacklisted
from services.campaigns import progress
from services.campaigns.models import Campaign, CampaignLog
from services.chats.models import ChatSession
from services.contacts.models import Contact, ContactIdentity
from services.devices.models import Device, DeviceLane, WahaServer
from services.integrations.waha.outcomes import Accepted, Outcome
from services.integrations.waha.types import SentReceipt
from services.kit.clock import Clock
from services.kit.db import Database
from services.messages import settle
from services.messages.claim import Claimed, ClaimRules, Claims, claim
from services.messages.ledger import BROADCAST, REPLY, NewMessage, enqueue
from services.messages.models import OutboundMessage
from services.messages.record import Done, Final, RecordRules, record
from services.messages.settle import Doubt, Verdict
from services.webhooks.models import WebhookEvent

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""A Monday, 12:00 in Jakarta."""
SETTLE_S = 120.0


def accepted(sent: Claimed) -> Accepted:
    return Accepted(SentReceipt(sent.wa_msg_id or f"theirs{sent.id}", None, True))


@dataclass
class Lab:
    """One tenant with a server; `now` moves by `wait()` only."""

    database: Database
    now: datetime = NOON
    needs_id: bool = True
    any_gap_s: float = 1.0
    rng: Random = field(default_factory=lambda: Random(7))
    render: Callable[..., str] = lambda recipe, now: "made again"

    def __post_init__(self) -> None:
        self.clock = Clock(now=lambda: self.now)
        self.ids: list[str] = [f"3EB0{number:016X}" for number in range(200)]
        self._numbers = count(1)
        with self.database.write() as connection:
            connection.execute(
                insert(Tenant),
                {
                    "id": 1,
                    "name": "Toko",
                    "zone": "Asia/Jakarta",
                    "profile": {},
                    "is_active": True,
                    "created_at": NOON,
                },
            )
            connection.execute(
                insert(WahaServer),
                {
                    "id": 1,
                    "name": "main",
                    "base_url": "http://waha",
                    "api_key_sealed": "",
                    "is_sandbox": True,
                    "capabilities": {},
                    "created_at": NOON,
                },
            )

    # ------------------------------------------------------------ rows

    def device(self, **values: Any) -> int:
        number = next(self._numbers)
        lane = {name: values.pop(name) for name in list(values) if name in _LANE}
        with self.database.write() as connection:
            connection.execute(
                insert(Device),
                {
                    "id": number,
                    "tenant_id": 1,
                    "server_id": 1,
                    "session_name": f"toko-{number}",
                    "status": "CONNECTED",
                    "health": "OK",
                    "is_active_for_broadcast": True,
                    "weight": 1,
                    "pacing": {},
                    "webhook_key": f"key-{number}",
                    "webhook_secret_sealed": "",
                    "wanted": True,
                    "created_at": NOON,
                    "updated_at": NOON,
                    **values,
                },
            )
            connection.execute(
                insert(DeviceLane),
                {
                    "device_id": number,
                    "tenant_id": 1,
                    "due_at": None,
                    "next_broadcast_at": NOON - timedelta(days=1),
                    "next_any_at": NOON - timedelta(days=1),
                    "gap_s": 0.0,
                    "resting": False,
                    "day": "2026-03-02",
                    "sent_today": 0,
                    "cold_today": 0,
                    "hour": int(NOON.timestamp() // 3600),
                    "sent_this_hour": 0,
                    "recent": "",
                    **lane,
                },
            )
        return number

    def message(self, device_id: int, **values: Any) -> int:
        """A message in the lane, a broadcast unless told otherwise; its id."""
        number = next(self._numbers)
        later = {name: values.pop(name) for name in list(values) if name not in _NEW}
        new = NewMessage(
            **{
                "tenant_id": 1,
                "device_id": device_id,
                "origin": "BROADCAST",
                "kind": "text",
                "priority": BROADCAST,
                "chat_key": f"6281200{number:06d}",
                "body": f"Halo {number}",
                **values,
            }
        )
        with self.database.write() as connection:
            enqueue(connection, [new], self.now)
            message_id = connection.execute(
                select(OutboundMessage.id).order_by(OutboundMessage.id.desc()).limit(1)
            ).scalar_one()
            if later:
                connection.execute(
                    update(OutboundMessage).where(OutboundMessage.id == message_id).values(**later)
                )
        return int(message_id)

    def reply(self, device_id: int, **values: Any) -> int:
        return self.message(device_id, **{"origin": "REPLY", "priority": REPLY, **values})

    def campaign(self, status: str = "PROCESSING") -> int:
        number = next(self._numbers)
        with self.database.write() as connection:
            connection.execute(
                insert(Campaign),
                {
                    "id": number,
                    "tenant_id": 1,
                    "name": "Promo",
                    "params": {},
                    "message_template": "",
                    "target_tags": [],
                    "seed": "s",
                    "status": status,
                    "pass_no": 1,
                    "skip_missing": False,
                    "target_count": 0,
                    "sent_count": 0,
                    "failed_count": 0,
                    "delay_min": 5,
                    "delay_max": 20,
                    "created_at": NOON,
                    "updated_at": NOON,
                },
            )
        return number

    def recipient(self, campaign_id: int, device_id: int, **values: Any) -> tuple[int, int]:
        """A recipient with a message in the lane: (row of the campaign, message)."""
        number = next(self._numbers)
        with self.database.write() as connection:
            connection.execute(
                insert(Contact),
                {
                    "id": number,
                    "tenant_id": 1,
                    "phone": f"6281300{number:06d}",
                    "fields": {},
                    "is_active": True,
                    "created_at": NOON,
                    "updated_at": NOON,
                },
            )
            connection.execute(
                insert(CampaignLog),
                {
                    "id": number,
                    "tenant_id": 1,
                    "campaign_id": campaign_id,
                    "contact_id": number,
                    "phone": f"6281300{number:06d}",
                    "position": number,
                    "status": "QUEUED",
                    "unconfirmed": False,
                    "created_at": NOON,
                },
            )
        message_id = self.message(
            device_id,
            campaign_id=campaign_id,
            campaign_log_id=number,
            identity_id=number,
            node_id="kirim",
            chat_key=f"6281300{number:06d}",
            **values,
        )
        return number, message_id

    def person(self, phone: str | None = None, *lids: str, **values: Any) -> int:
        """A person with a phone, LIDs (their digits), or both; the contact's id."""
        number = next(self._numbers)
        with self.database.write() as connection:
            connection.execute(
                insert(Contact),
                {
                    "id": number,
                    "tenant_id": 1,
                    "phone": phone,
                    "fields": {},
                    "is_active": True,
                    "created_at": NOON,
                    "updated_at": NOON,
                    **values,
                },
            )
            known = [("phone", phone)] if phone else []
            for kind, value in [*known, *(("lid", f"{lid}@lid") for lid in lids)]:
                connection.execute(
                    insert(ContactIdentity),
                    {
                        "tenant_id": 1,
                        "contact_id": number,
                        "kind": kind,
                        "value": value,
                        "created_at": NOON,
                    },
                )
        return number

    def chat(
        self,
        device_id: int,
        contact_id: int,
        phone: str | None = None,
        lid: str | None = None,
        **values: Any,
    ) -> int:
        """A chat of a person through a device; its id."""
        number = next(self._numbers)
        with self.database.write() as connection:
            connection.execute(
                insert(ChatSession),
                {
                    "id": number,
                    "tenant_id": 1,
                    "device_id": device_id,
                    "contact_id": contact_id,
                    "phone": phone,
                    "lid": lid,
                    "mode": "BOT",
                    "unread": 0,
                    "memory": {},
                    "created_at": NOON,
                    "updated_at": NOON,
                    **values,
                },
            )
        return number

    def heard(self, device_id: int, chat_key: str, state: str = "NEW") -> int:
        """A message that came in and stands in the inbox of events; the event's id."""
        number = next(self._numbers)
        with self.database.write() as connection:
            connection.execute(
                insert(WebhookEvent),
                {
                    "id": number,
                    "tenant_id": 1,
                    "device_id": device_id,
                    "event_id": f"evt-{number}",
                    "type": "message",
                    "chat_key": chat_key,
                    "raw": b"{}",
                    "state": state,
                    "attempts": 0,
                    "received_at": self.now,
                },
            )
        return number

    def block(self, phone: str, reason: str) -> None:
        with self.database.write() as connection:
            connection.execute(
                insert(Blacklisted),
                {"tenant_id": 1, "phone": phone, "reason": reason, "created_at": NOON},
            )

    def set(self, model: Any, key: int, **values: Any) -> None:
        table = model.__table__
        with self.database.write() as connection:
            connection.execute(
                update(table).where(next(iter(table.primary_key)) == key).values(**values)
            )

    def row(self, message_id: int) -> Row[Any]:
        return self._one(OutboundMessage.__table__, message_id)

    def all_rows(self, model: Any) -> list[Row[Any]]:
        """Every row of a table, oldest first."""
        table = model.__table__
        with self.database.read() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)).all())

    def session(self, chat_id: int) -> Row[Any]:
        return self._one(ChatSession.__table__, chat_id)

    def log(self, log_id: int) -> Row[Any]:
        return self._one(CampaignLog.__table__, log_id)

    def lane(self, device_id: int) -> Row[Any]:
        return self._one(DeviceLane.__table__, device_id)

    def phone(self, device_id: int) -> Row[Any]:
        return self._one(Device.__table__, device_id)

    def _one(self, table: Any, key: int) -> Row[Any]:
        with self.database.read() as connection:
            return connection.execute(
                select(table).where(next(iter(table.primary_key)) == key)
            ).one()

    # ------------------------------------------------------------ time and deeds

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def rules(self) -> ClaimRules:
        return ClaimRules(
            clock=self.clock,
            rng=self.rng,
            take_id=lambda server, session, since: self.ids.pop(0) if self.ids else None,
            needs_id=lambda server: self.needs_id,
            render_again=self.render,
            min_any_gap_s=self.any_gap_s,
        )

    def claim(self, limit: int = 64) -> Claims:
        """One claim, committed, with what the worker does beside it."""
        with self.database.write() as connection:
            found = claim(connection, self.now, self.rules, limit)
            progress.mark_sending(
                connection,
                [
                    (sent.campaign_log_id, sent.device_id)
                    for sent in found.sends
                    if sent.campaign_log_id is not None
                ],
            )
            apply_skips(connection, found.skipped, self.now)
        return found

    def send(self) -> Claimed:
        """The one message that may leave now."""
        (sent,) = self.claim().sends
        return sent

    def record(self, sent: Claimed, outcome: Outcome, after_s: float = 0.0) -> list[Final]:
        """Write an outcome down, `after_s` after now."""
        self.wait(after_s)
        done = [Done(sent, outcome, self.now)]
        rules = RecordRules(self.clock, lambda server: SETTLE_S, self.any_gap_s)
        with self.database.write() as connection:
            finals = record(connection, done, rules)
            apply_finals(connection, finals, done)
        return finals

    def sent(self) -> Claimed:
        """Claim a message and have it accepted at once."""
        sent = self.send()
        self.record(sent, accepted(sent))
        return sent

    def expire(self) -> int:
        with self.database.write() as connection:
            return settle.expire_sending(connection, self.now, self.clock, lambda server: SETTLE_S)

    def doubts(self) -> list[Doubt]:
        with self.database.write() as connection:
            return settle.claim_doubts(connection, self.now, self.clock)

    def judge(self, *verdicts: Verdict) -> list[Final]:
        with self.database.write() as connection:
            finals = settle.record_verdicts(connection, verdicts, self.now, self.clock)
            apply_finals(connection, finals)
            apply_verdicts(connection, verdicts)
        return finals


_LANE = {column.name for column in DeviceLane.__table__.columns} - {"device_id", "tenant_id"}
_NEW = set(NewMessage.__dataclass_fields__)
