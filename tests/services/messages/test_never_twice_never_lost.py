"""The promise itself: whatever WhatsApp answers and whoever dies, never twice and never lost.

Claims, outcomes and look-ups run as they are on SQLite; WhatsApp, time and the deaths of workers
are scripted by Hypothesis. What the script delivers is the oracle.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, cycle, islice, repeat
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from runtime.outcomes import apply_finals
from services.campaigns import progress
from services.devices.models import DeviceLane
from services.integrations.waha.errors import WahaTemporary
from services.integrations.waha.outcomes import Accepted, NotSent, Outcome, Permanent, Unknown
from services.integrations.waha.types import Message, SentReceipt, Session, SessionStatus
from services.kit.db import Database
from services.messages import acks
from services.messages.claim import Claimed
from services.messages.lookup import look_up
from services.messages.models import OutboundMessage
from services.messages.settle import next_doubt_at
from tests.services.messages.conftest import USED
from tests.services.messages.lab import Lab
from tests.services.messages.test_settle import engine
from tests.support import databases

DEVICES, PER_DEVICE = 3, 6
REPLIES = 1
"""Of the messages of a device, so many are replies."""
GAP_S = (5.0, 20.0)
TIMEOUT_S = 30.0
TROUBLES = 60
"""Calls that go as the script says; then the world is well."""
MOMENTS = 3000
"""More than any script needs."""
FINAL = ("SENT", "FAILED", "UNKNOWN")


@dataclass(frozen=True)
class Call:
    """What becomes of one call: seconds after its start; None: never.

    `told` is what the worker hears; a worker that dies hears nothing and writes nothing.
    """

    delivered_s: float | None
    told: str | None
    told_s: float = 1.0


CALLS = {
    "accepted": Call(0.5, "accepted"),
    "accepted slowly": Call(0.5, "accepted", 12.0),
    "refused": Call(None, "refused", 0.1),
    "asked to slow down": Call(None, "slow down", 0.1),
    "never possible": Call(None, "permanent"),
    "failed before": Call(None, "unknown"),
    "failed after": Call(0.5, "unknown"),
    "reset after": Call(0.2, "unknown", 0.3),
    "hung, delivered": Call(0.5, "unknown", TIMEOUT_S),
    "hung, not delivered": Call(None, "unknown", TIMEOUT_S),
    "hung, delivered late": Call(145.0, "unknown", TIMEOUT_S),
    "worker died before": Call(None, None),
    "worker died after": Call(0.5, None),
    "worker died, delivered late": Call(29.0, None),
    "worker died, delivered very late": Call(145.0, None),
    "worker froze, accepted": Call(0.5, "accepted", 60.0),
    "worker froze for long, accepted": Call(0.5, "accepted", 400.0),
    "worker froze, refused": Call(None, "refused", 60.0),
    "worker froze for long, refused": Call(None, "refused", 400.0),
}
LOOKS = ("sound", "sound", "sound", "starting", "forgets", "away")
RECEIPTS_S = (None, None, 0.1, 40.0, 200.0)


@dataclass(frozen=True)
class Script:
    """How the world behaves, each list over and over."""

    calls: list[str]
    looks: list[str]
    receipts_s: list[float | None]
    chooses_ids: bool
    twins: bool
    seed: int


SCRIPTS = st.builds(
    Script,
    calls=st.lists(st.sampled_from(sorted(CALLS)), min_size=1, max_size=40),
    looks=st.lists(st.sampled_from(LOOKS), min_size=1, max_size=12),
    receipts_s=st.lists(st.sampled_from(RECEIPTS_S), min_size=1, max_size=12),
    chooses_ids=st.booleans(),
    twins=st.booleans(),
    seed=st.integers(0, 999),
)


@dataclass
class Delivery:
    device_id: int
    message_id: int
    bare_id: str
    chat_key: str
    body: str
    at: datetime


@dataclass
class World:
    """WhatsApp, the workers and what must never happen."""

    lab: Lab
    script: Script
    agenda: list[tuple[datetime, int, str, Any]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    on_the_way: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    broadcast_ended: dict[int, datetime] = field(default_factory=dict)
    ended: dict[int, datetime] = field(default_factory=dict)
    texts: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        troubles = islice(cycle(self.script.calls), TROUBLES)
        self.calls = chain(troubles, repeat("accepted"))
        self.looks = cycle(self.script.looks)
        self.receipts = cycle(self.script.receipts_s)

    def later(self, seconds: float, what: str, subject: Any) -> None:
        self.number += 1
        at = self.lab.now + timedelta(seconds=seconds)
        self.agenda.append((at, self.number, what, subject))
        self.agenda.sort(key=lambda entry: entry[:2])

    # ------------------------------------------------------------ one moment

    def moment(self) -> None:
        while self.agenda and self.agenda[0][0] <= self.lab.now:
            _, _, what, subject = self.agenda.pop(0)
            getattr(self, what)(*subject)
        self.lab.expire()
        for doubt in self.lab.doubts():
            server = Server(self, next(self.looks))
            can = engine("GOWS" if self.script.chooses_ids else "WEBJS")
            self.lab.judge(asyncio.run(look_up(doubt, server, can)))
        for sent in self.lab.claim().sends:
            self.call(sent)

    def call(self, sent: Claimed) -> None:
        """A worker makes the call; the rules of the lane are checked at its start."""
        device, now = sent.device_id, self.lab.now
        assert self.on_the_way[device] == 0, "two sends at once on a device"
        moment = timedelta(seconds=1)
        assert now >= self.ended.get(device, now - moment) + moment, "no gap at all"
        if sent.origin == "BROADCAST":
            gap = timedelta(seconds=GAP_S[0])
            assert now >= self.broadcast_ended.get(device, now - gap) + gap, "gap too short"
        if sent.wa_msg_id is not None:
            known = self.texts.setdefault((device, sent.wa_msg_id), (sent.id, sent.body))
            assert known == (sent.id, sent.body), "an id for two texts"
        call = CALLS[next(self.calls)]
        bare_id = sent.wa_msg_id or f"engine{self.number}"
        if call.delivered_s is not None:
            self.on_the_way[device] += 1
            self.later(call.delivered_s, "deliver", (sent, bare_id))
        # A call whose end nobody saw counts as long as it may have lasted.
        lasts_s = TIMEOUT_S if call.told in (None, "unknown") else min(call.told_s, TIMEOUT_S)
        self.ended[device] = now + timedelta(seconds=lasts_s)
        if sent.origin == "BROADCAST":
            self.broadcast_ended[device] = self.ended[device]
        if call.told is not None:
            self.later(call.told_s, "tell", (sent, call.told, bare_id))

    def deliver(self, sent: Claimed, bare_id: str) -> None:
        self.on_the_way[sent.device_id] -= 1
        self.deliveries.append(
            Delivery(sent.device_id, sent.id, bare_id, sent.chat_key, sent.body, self.lab.now)
        )
        receipt_s = next(self.receipts)
        if receipt_s is not None:
            self.later(receipt_s, "acknowledge", (sent.device_id, bare_id))

    def acknowledge(self, device_id: int, bare_id: str) -> None:
        with self.lab.database.write() as connection:
            finals, grown = acks.apply(connection, {(device_id, bare_id): 2}, self.lab.now)
            apply_finals(connection, finals)
            progress.apply_acks(connection, grown, self.lab.now)

    def tell(self, sent: Claimed, told: str, bare_id: str) -> None:
        outcomes: dict[str, Outcome] = {
            "accepted": Accepted(SentReceipt(bare_id, None, True)),
            "refused": NotSent("refused", "", scope="server"),
            "slow down": NotSent("rate_limited", "", 60.0),
            "permanent": Permanent("no_lid", ""),
            "unknown": Unknown("reset", ""),
        }
        self.lab.record(sent, outcomes[told])

    # ------------------------------------------------------------ time

    def run(self) -> None:
        for _ in range(MOMENTS):
            self.moment()
            upcoming = self._next()
            if upcoming is None:
                return
            self.lab.now = max(upcoming, self.lab.now + timedelta(milliseconds=10))
        raise AssertionError(f"still not settled at {self.lab.now}: {self.states()}")

    def _next(self) -> datetime | None:
        with self.lab.database.read() as connection:
            times = [
                connection.execute(select(func.min(DeviceLane.due_at))).scalar(),
                next_doubt_at(connection),
            ]
        times += [self.agenda[0][0]] if self.agenda else []
        return min((at for at in times if at is not None), default=None)

    def states(self) -> dict[int, str]:
        with self.lab.database.read() as connection:
            rows = connection.execute(select(OutboundMessage.id, OutboundMessage.status)).all()
        return {row.id: row.status for row in rows}


class Server:
    """WAHA's history, as far as the script lets us see it."""

    def __init__(self, world: World, how: str) -> None:
        self.how = how
        self.seen = [] if how == "forgets" else world.deliveries

    async def session(self, name: str) -> Session:
        self._answer()
        status = SessionStatus.STARTING if self.how == "starting" else SessionStatus.WORKING
        return Session(name, status, "", None, None, None, None, None, None, None, None)

    async def message_by_id(self, session: str, bare_id: str) -> Message | None:
        self._answer()
        return next((_message(one) for one in self.seen if one.bare_id == bare_id), None)

    async def messages(
        self, session: str, chat: str, *, from_me: bool, since_s: int, limit: int
    ) -> list[Message]:
        self._answer()
        return [
            _message(one)
            for one in self.seen
            if f"{one.chat_key}@c.us" == chat
            and f"toko-{one.device_id}" == session
            and one.at.timestamp() >= since_s
        ]

    def _answer(self) -> None:
        if self.how == "away":
            raise WahaTemporary("It is away.", code="server_error")


def _message(one: Delivery) -> Message:
    return Message(one.bare_id, None, None, True, 1, None, one.body, 0, None, False, None, None, {})


@pytest.fixture(scope="module")
def fast_database(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Database]:
    """No test here loses power: the disk need not be waited for."""
    with databases.sqlite(sqlite_template, tmp_path_factory.mktemp("promise")) as database:

        @event.listens_for(database.engine, "connect")
        def hurry(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA synchronous=OFF")

        yield database


def _everything(**changes: Any) -> Script:
    calls = [name for name in CALLS if name != "never possible"]
    values = {
        "calls": calls,
        "looks": ["sound"],
        "receipts_s": [None],
        "chooses_ids": True,
        "twins": False,
        "seed": 1,
    }
    return Script(**(values | changes))


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=SCRIPTS)
@example(script=_everything())
@example(script=_everything(receipts_s=[0.1]))
@example(script=_everything(chooses_ids=False, twins=True))
@example(script=_everything(calls=["worker died, delivered very late"], seed=2))
@example(script=_everything(calls=["hung, delivered late"], looks=["sound", "forgets"]))
@example(script=_everything(calls=["failed after", "accepted"], looks=["forgets"]))
@example(script=_everything(calls=["worker died before", "failed before", "accepted"]))
@example(script=_everything(calls=["worker froze for long, refused", "accepted"]))
def test_never_twice_never_lost(fast_database: Database, script: Script) -> None:
    with fast_database.write() as connection:
        for model in USED:
            connection.execute(model.__table__.delete())
    lab = Lab(fast_database, needs_id=script.chooses_ids, rng=Random(script.seed))
    world = World(lab, script)
    for _ in range(DEVICES):
        device = lab.device(pacing={"auto_pause": False})
        for index in range(PER_DEVICE):
            words: dict[str, Any] = {"gap_min_s": GAP_S[0], "gap_max_s": GAP_S[1]}
            if script.twins and index < 2:
                words |= {"chat_key": f"62812{device:08d}", "body": "Halo kak"}
            (lab.reply if index < REPLIES else lab.message)(device, **words)

    world.run()

    states = world.states()
    counts: dict[int, int] = defaultdict(int)
    for delivery in world.deliveries:
        counts[delivery.message_id] += 1
    assert len(states) == DEVICES * PER_DEVICE
    stale = {one for one, status in states.items() if status == "SKIPPED"}
    assert {status for one, status in states.items() if one not in stale} <= set(FINAL)
    assert {one: counts[one] for one in states if counts[one] > 1} == {}, "delivered twice"
    for one, status in states.items():
        if status == "SENT":
            assert counts[one] == 1, f"message {one} is lost, but called sent"
        elif status != "UNKNOWN":
            assert counts[one] == 0, f"message {one} was delivered, but is called {status}"
