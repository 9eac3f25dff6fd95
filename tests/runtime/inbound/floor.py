"""A shop whose worker is turned by hand: what people write, what leaves, and a clock of the test.

Each `turn` is one round of the real loop with its real transactions; calls to WhatsApp succeed at
once and are recorded by the next turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import orjson
from sqlalchemy import insert, select, update

from flows.models import Flow, FlowVersion, Trigger
from flows.yaml_text import load
from runtime.claims import runs
from runtime.compose import App
from runtime.pump import Pump, Round
from runtime.wire import is_sign
from services.chats.models import ChatMessage, ChatSession
from services.contacts.models import Contact, ContactIdentity
from services.integrations.waha.inbound import chat_key, read_event
from services.integrations.waha.outcomes import Accepted, Outcome
from services.integrations.waha.types import SentReceipt
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.secrets import Sealer
from services.messages.models import OutboundMessage
from services.messages.record import Done
from services.webhooks.models import WebhookEvent
from tests.services.messages.lab import Lab, accepted

events: Any = WebhookEvent.__table__
ANSWERS = """
flow: alir/1
kind: inbound
id: {slug}
name: Jawab
triggers:
  masuk: {{type: message, with: {form}, debounce: {{quiet: {quiet}}}, next: kata}}
nodes:
  kata:
    type: keyword-match
    with: {{text: {{$: trigger.text}}, keywords: [harga, promo, halo]}}
    next: {{matched: kirim, unmatched: lain}}
  kirim:
    type: send-waha
    with:
      device: {{$: trigger.device}}
      to: {{$: trigger.chat_id}}
      text: {{$: trigger.text}}
  lain:
    type: send-waha
    with:
      device: {{$: trigger.device}}
      to: {{$: trigger.chat_id}}
      text: Maaf
"""
OURS = "628110000001"


@dataclass
class Floor:
    """One tenant with a device, `toko-<id>`."""

    database: Database
    folder: Path
    scale: float = 1.0
    lab: Lab = field(init=False)
    sent: list[Any] = field(default_factory=list)
    recorded: list[Done] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lab = Lab(self.database, any_gap_s=0.0)
        self.lab.clock = Clock(scale=self.scale, now=lambda: self.lab.now)
        self.device = self.lab.device()
        self._numbers = count(1)
        self._done: list[Done] = []
        self.pump = self.worker()

    def worker(self) -> Pump:
        """Another worker of the same shop."""
        settings = Settings(_env_file=None, var=self.folder, min_any_gap_s=0.0)
        app = App(settings, self.lab.clock, self.database, Sealer([_KEY]), Random(1))
        pump = Pump(app)
        pump._claim_rules = replace(self.lab.rules, clock=self.lab.clock)
        return pump

    # ------------------------------------------------------------ rows

    def flow(self, text: str, *, slug: str = "jawab", position: int = 0, **values: Any) -> int:
        """A published flow with the rows of its message triggers; returns its id."""
        document = load(text).document
        assert document is not None
        now = self.lab.now
        number = next(self._numbers)
        with self.database.write() as connection:
            connection.execute(
                insert(Flow),
                {
                    "id": number,
                    "tenant_id": 1,
                    "slug": slug,
                    "name": slug,
                    "kind": "inbound",
                    "source": text,
                    "revision": 1,
                    "published_version_id": number,
                    "is_active": True,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            connection.execute(
                insert(FlowVersion),
                {
                    "id": number,
                    "tenant_id": 1,
                    "flow_id": number,
                    "number": 1,
                    "content_hash": slug,
                    "source": text,
                    "document": document,
                    "params": {},
                    "created_at": now,
                },
            )
            for name, entry in document["triggers"].items():
                connection.execute(
                    insert(Trigger),
                    {
                        "tenant_id": 1,
                        "flow_id": number,
                        "flow_version_id": number,
                        "name": name,
                        "type": "message",
                        "params": entry.get("with") or {},
                        "position": position,
                        "is_active": True,
                        "created_at": now,
                        "updated_at": now,
                        **values,
                    },
                )
        return number

    def answers(
        self, quiet: str = "0s", form: str = "{}", *, slug: str = "jawab", position: int = 0
    ) -> int:
        """A flow that says what it was told when it knows a word of it."""
        text = ANSWERS.format(slug=slug, quiet=quiet, form=form)
        return self.flow(text, slug=slug, position=position)

    # ------------------------------------------------------------ what WAHA tells

    def body(
        self,
        text: str | None,
        who: str = "6281200000001@c.us",
        *,
        bare: str = "",
        alt: str | None = None,
        from_me: bool = False,
        kind: str = "message",
        at_s: float = 0.0,
        **payload: Any,
    ) -> dict[str, Any]:
        bare = bare or f"3A{next(self._numbers):018X}"
        at = self.lab.now + timedelta(seconds=at_s)
        info: dict[str, Any] = {} if from_me else {"PushName": "Budi"}
        if alt is not None:
            info["RecipientAlt" if from_me else "SenderAlt"] = alt
        return {
            "id": f"evt_{next(self._numbers):026d}",
            "timestamp": int(at.timestamp() * 1000),
            "event": kind,
            "session": f"toko-{self.device}",
            "me": {"id": f"{OURS}@c.us"},
            "payload": {
                "id": f"{'true' if from_me else 'false'}_{who}_{bare}",
                "timestamp": int(at.timestamp()),
                "from": f"{OURS}@c.us" if from_me else who,
                "to": who if from_me else f"{OURS}@c.us",
                "fromMe": from_me,
                "source": "app",
                "body": text,
                "hasMedia": False,
                "_data": {"Info": info},
                **payload,
            },
        }

    def tell(self, *bodies: dict[str, Any], device: int | None = None) -> list[int]:
        """Store deliveries as the receiver does; ids of those that are new."""
        made = []
        with self.database.write() as connection:
            for body in bodies:
                known = connection.execute(
                    select(events.c.id).where(events.c.event_id == body["id"])
                ).scalar()
                if known is not None:
                    continue
                done = connection.execute(
                    insert(events),
                    {
                        "tenant_id": 1,
                        "device_id": device or self.device,
                        "event_id": body["id"],
                        "type": body["event"],
                        "chat_key": chat_key(read_event(body, self.lab.now)),
                        "raw": orjson.dumps(body),
                        "state": "NEW",
                        "attempts": 0,
                        "received_at": self.lab.now,
                    },
                )
                key = done.inserted_primary_key
                assert key is not None
                made.append(int(key[0]))
        return made

    def say(self, text: str | None, who: str = "6281200000001@c.us", **more: Any) -> str:
        """Somebody writes; the bare id of the message."""
        body = self.body(text, who, **more)
        self.tell(body)
        return str(body["payload"]["id"]).split("_")[2]

    # ------------------------------------------------------------ the worker

    def turn(self, pump: Pump | None = None) -> Round:
        """One round: a transaction, and what is done beside the calls."""
        pump = pump or self.pump
        done, self._done = self._done, []
        pump._rung = True
        found = pump._round(done, [])
        pump._beside_sends(found)
        for sent in found.sends:
            if sent.kind in ("text", "media"):
                self.sent.append(sent)
            self._done.append(Done(sent, self._outcome(sent), self.lab.now))
            self.recorded.append(self._done[-1])
        return found

    def _outcome(self, sent: Any) -> Outcome:
        """As WhatsApp answers: signs have no id."""
        return Accepted(SentReceipt("", None, True)) if is_sign(sent) else accepted(sent)

    def settle(self, turns: int = 40) -> None:
        """Turn until nothing moves any more at this moment."""
        quiet = 0
        for _ in range(turns):
            found = self.turn()
            quiet = 0 if found.busy or self._done else quiet + 1
            if quiet == 3:
                return
        raise AssertionError("the shop does not come to rest")

    def wait(self, seconds: float) -> None:
        """Let time pass, second by second, with the worker at work."""
        left = seconds
        while left > 0:
            self.lab.wait(min(left, 1.0))
            left -= 1.0
            self.settle()

    # ------------------------------------------------------------ what became of it

    @property
    def texts(self) -> list[str]:
        """What was sent, in order."""
        return [sent.body for sent in self.sent]

    def rows(self, model: Any, *order: Any) -> Sequence[Any]:
        table = model if not hasattr(model, "__table__") else model.__table__
        with self.database.read() as connection:
            return connection.execute(
                select(table).order_by(*(order or (next(iter(table.primary_key)),)))
            ).all()

    def runs(self) -> Sequence[Any]:
        return self.rows(runs)

    def chats(self) -> Sequence[Any]:
        return self.rows(ChatSession)

    def said(self) -> Sequence[Any]:
        return self.rows(ChatMessage, ChatMessage.timestamp, ChatMessage.waha_message_id)

    def contacts(self) -> Sequence[Any]:
        return self.rows(Contact)

    def identities(self) -> set[tuple[str, str]]:
        return {(row.kind, row.value) for row in self.rows(ContactIdentity)}

    def outbound(self) -> Sequence[Any]:
        return self.rows(OutboundMessage)

    def events(self) -> list[str]:
        return [row.state for row in self.rows(WebhookEvent)]

    def change(self, table: Any, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(table).values(**values))


_KEY = b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
