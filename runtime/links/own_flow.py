"""A link that a tenant's own flow answers: the engine runs inside the visitor's request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import Connection

from flows.engine.halts import Ended, Replying
from flows.engine.plan import Entry, Plan
from flows.engine.step import advance, begin
from nodes.contract import Context, Device, NodeError, Ports, Values
from runtime.links.link import NUMBER, Link
from runtime.ports import DbPorts, TurnBlocks
from services.kit.db import Database

STEPS_MOST = 100
"""Of one click: a visitor waits."""
REPLIES_MOST = 5
TRIGGER = "link-click"

log = structlog.get_logger("runtime.links")


@dataclass(frozen=True, slots=True)
class Noted:
    """A click the flow noted down."""

    slug: str
    target: str
    code: str
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the flow answered: a reply, or none, and why not."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    why_not: str = ""
    clicks: Sequence[Noted] = ()


def entry_of(plan: Plan) -> Entry | None:
    """The way in that a click takes."""
    found = (entry for entry in plan.entries.values() if entry.kind.kind == TRIGGER)
    return next((entry for entry in found if not entry.disabled), None)


def ignores_bots(plan: Plan) -> bool:
    """Whether previews and robots get a page instead of the flow."""
    entry = entry_of(plan)
    return entry is None or bool(getattr(entry.params, "ignore_bots", True))


class LinkPorts:
    """What a link's flow asks most, from the copy at hand; anything else from the database."""

    def __init__(
        self, link: Link, index: int, code: str, database: Database | None, now: datetime
    ) -> None:
        self._link = link
        self._index = index
        self._code = code
        self._database = database
        self._now = now
        self._keys: list[str] = []
        self._connection: Connection | None = None
        self._db: DbPorts | None = None
        self.clicks: list[Noted] = []

    def devices(self, names: Sequence[str]) -> Sequence[Device]:
        """As links see them: `sent_today` is what makes a device busy, its open chats."""
        known = self._link.facts.devices
        if not names:
            return [self._device(name) for name in known]
        return [self._device(name) for name in names if name in known or name.startswith(NUMBER)]

    def _device(self, name: str) -> Device:
        state = self._link.facts.devices.get(name)
        if state is None:
            phone = name.removeprefix(NUMBER)
            return Device(name, phone, ready=True, sent_today=self._link.loads.of(phone))
        phones = [one.phone for one in self._link.targets if one.device == name]
        busy = state.open_chats + sum(self._link.loads.of(phone) for phone in phones)
        return Device(name, state.phone, not state.why_not, state.why_not, sent_today=busy)

    def profile(self) -> Values:
        return self._link.facts.shop

    def turn(self, key: str) -> int:
        """One index a click: its first rotation takes it, a further one has its own."""
        if not self._keys or key == self._keys[0]:
            self._keys[:1] = [key]
            return self._index
        return self._asked().turn(key)

    def click(self, rotator: str, target: str, source: Values) -> str:
        if rotator != self._link.facts.slug:
            raise NodeError(f"This is not the link '{rotator}'.", code="no_link")
        code = self._code
        told = {str(name): str(value) for name, value in source.items()}
        self.clicks.append(Noted(rotator, target, code, told))
        return code

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._asked(), name)

    def _asked(self) -> DbPorts:
        if self._db is None:
            if self._database is None:
                raise NodeError("There is no database here.", code="no_database")
            self._connection = self._database.engine.connect()
            tenant_id = self._link.facts.tenant_id
            self._db = DbPorts(self._connection, self._database, BLOCKS, tenant_id, (), self._now)
        return self._db

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._db is not None and self._database is not None:
            with self._database.write() as connection:
                self._db.write_down(connection, self._now)


BLOCKS = TurnBlocks()


def run(
    link: Link,
    plan: Plan,
    trigger: Values,
    index: int,
    code: str,
    database: Database | None,
    now: datetime,
    seed: str,
) -> Answered:
    """Walk the flow to its end. Raises: what the database raises when the flow needs it."""
    entry = entry_of(plan)
    if entry is None:
        return Answered(why_not="no_trigger")
    ports = LinkPorts(link, index, code, database, now)
    facts = link.facts
    ctx = Context(
        now=now,
        tenant_id=facts.tenant_id,
        run_id=0,
        node_id="",
        seed=seed,
        identity=str(trigger.get("visitor") or ""),
        mode="live",
        ports=cast(Ports, ports),
        scope={
            "run": {"id": 0, "mode": "live", "flow": facts.flow_id or f"link-{facts.id}"},
            "tenant": {"name": facts.shop.get("name"), "zone": facts.zone},
        },
        kind="rotator",
    )
    try:
        return _walk(plan, entry.id, trigger, ctx, ports)
    finally:
        ports.close()


def _walk(plan: Plan, entry: str, trigger: Values, ctx: Context, ports: LinkPorts) -> Answered:
    state = begin(plan, entry, trigger=trigger)
    reply: Replying | None = None
    why_not = "unfinished"
    for _ in range(REPLIES_MOST):
        halt = advance(plan, state, ctx, budget=STEPS_MOST)
        if isinstance(halt, Replying):
            reply = reply or halt
            continue
        if isinstance(halt, Ended):
            why_not = halt.reason or "ended"
            if halt.log:
                log.error("link_flow_broken", flow=plan.id, log=halt.log[-500:])
        else:
            log.warning("link_flow_waits", flow=plan.id, at=type(halt).__name__)
        break
    if reply is None:
        return Answered(why_not=why_not, clicks=ports.clicks)
    body = reply.body if isinstance(reply.body, bytes) else reply.body.encode()
    return Answered(reply.status, reply.headers, body, clicks=ports.clicks)
