"""What nodes ask of the world, answered from the database: read ahead once for a whole batch."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from domain import click_codes
from domain.windows import next_allowed, windows
from flows.engine.step import Interrupt
from nodes.contract import AiTask, Audience, Device, Media, NodeError, ReadText, Values
from runtime import ports_people as people
from runtime.media_ports import MediaPorts
from runtime.models import RotationTurn
from runtime.ports_chat import (
    ChatMemories,
    RunPorts,
    agent_of,
    hand_over,
    rulings,
)
from services.accounts.models import Tenant
from services.auto_replies.rules import RuleBooks, shared_books
from services.blacklist.models import Blacklisted
from services.contacts import audience, identities
from services.contacts.models import Contact
from services.devices.models import Device as DeviceRow
from services.devices.models import DeviceLane
from services.kit.clock import Clock
from services.kit.db import AWAY, Database
from services.kit.outbound_http import Door, Refused, Unanswered
from services.kit.statements import Hot
from services.rotators.clicks import notes
from services.rotators.clicks import repository as clicks

contacts: Table = Contact.__table__  # type: ignore[assignment]
blacklist: Table = Blacklisted.__table__  # type: ignore[assignment]
devices: Table = DeviceRow.__table__  # type: ignore[assignment]
lanes: Table = DeviceLane.__table__  # type: ignore[assignment]
tenants: Table = Tenant.__table__  # type: ignore[assignment]
turns: Table = RotationTurn.__table__  # type: ignore[assignment]

TURN_BLOCK = 200
"""Rotation indexes leased at once. A worker that dies leaves a hole, never a repetition."""
LID_SUFFIX = "@lid"
HTTP_ANSWER_BYTES_MOST = 256 * 1024
"""A run carries the answer along."""
UNSCALED = Clock()
Write = Callable[[Connection, datetime], None]
"""A change that is kept until the transaction which records the runs."""
COLD_HEALTH = ("COLD_FROZEN", "COOLING", "PAUSED")


class DatabaseAway(Interrupt):
    """The database went away while a node asked: nothing of its batch counts."""


Asked = ParamSpec("Asked")
Told = TypeVar("Told")


def _or_away(
    ask: Callable[Concatenate["DbPorts", Asked], Told],
) -> Callable[Concatenate["DbPorts", Asked], Told]:
    """A database that is away is no fault of the node that asked, and must not end its run."""

    @wraps(ask)
    def asked(ports: "DbPorts", /, *args: Asked.args, **kwargs: Asked.kwargs) -> Told:
        try:
            return ask(ports, *args, **kwargs)
        except AWAY as error:
            raise DatabaseAway(str(error)) from error

    return asked


class TurnBlocks:
    """Rotation indexes a process has leased and not used up."""

    def __init__(self) -> None:
        self._left: dict[tuple[int, str], list[int]] = {}

    def take(self, database: Database, tenant_id: int, key: str) -> int:
        """The next index; leases a block in a transaction of its own when none is left."""
        found = self._left.get((tenant_id, key))
        if not found:
            try:
                with database.write() as connection:
                    first = _lease(connection, tenant_id, key)
            except IntegrityError:
                # Another worker leased the key's first block in the same moment.
                with database.write() as connection:
                    first = _lease(connection, tenant_id, key)
            found = self._left[tenant_id, key] = list(range(first + TURN_BLOCK - 1, first - 1, -1))
        return found.pop()


def _lease(connection: Connection, tenant_id: int, key: str) -> int:
    where = (turns.c.tenant_id == tenant_id) & (turns.c.key == key)
    moved = connection.execute(
        update(turns).where(where).values(next_index=turns.c.next_index + TURN_BLOCK)
    )
    if moved.rowcount == 0:
        connection.execute(
            insert(turns), {"tenant_id": tenant_id, "key": key, "next_index": TURN_BLOCK}
        )
        return 0
    after = connection.execute(select(turns.c.next_index).where(where)).scalar_one()
    return int(after) - TURN_BLOCK


class DbPorts:
    """The ports of one tenant for one batch. Writes are kept until `write_down`."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        blocks: TurnBlocks,
        tenant_id: int,
        phones: Iterable[str],
        now: datetime,
        media_root: Path = Path("var/media"),
        ocr_url: str = "",
        clock: Clock = UNSCALED,
        rules: RuleBooks | None = None,
        door: Door | None = None,
    ) -> None:
        self._files = MediaPorts(connection, tenant_id, media_root, ocr_url)
        self._connection = connection
        self._database = database
        self._blocks = blocks
        self.tenant_id = tenant_id
        self._now = now
        self._profile: Values | None = None
        self._devices: dict[str, Device] | None = None
        self._clock = clock
        self._door = door or Door()
        self._rules = rules
        self._writes: list[Write] = []
        self._memories = ChatMemories(connection, tenant_id, clock, now)
        wanted = sorted(set(phones))
        self._asked = set(wanted)
        self._blocked: dict[str, str] = {}
        self._known_to: dict[str, str | None] | None = None
        if wanted:
            self._read_blocked(wanted)

    def _read_blocked(self, phones: Sequence[str]) -> None:
        rows = _BLOCKED.all(self._connection, {"tenant": self.tenant_id, "phones": phones})
        self._blocked.update({row.phone: row.reason for row in rows})

    @_or_away
    def blocked(self, phone: str) -> str | None:
        if phone not in self._asked:
            self._asked.add(phone)
            self._read_blocked([phone])
        return self._blocked.get(phone)

    @_or_away
    def devices(self, names: Sequence[str]) -> Sequence[Device]:
        if self._devices is None:
            rows = _DEVICES.all(self._connection, {"tenant": self.tenant_id})
            self._devices = {row.session_name: _device(row, self._now) for row in rows}
        if not names:
            return list(self._devices.values())
        return [self._devices[name] for name in names if name in self._devices]

    @_or_away
    def device_known_to(self, phone: str) -> str | None:
        if self._known_to is None:
            wanted = self._asked | {phone}
            self._known_to = dict.fromkeys(wanted)
            self._read_known_to(wanted)
        elif phone not in self._known_to:
            self._known_to[phone] = None
            self._read_known_to([phone])
        return self._known_to[phone]

    def _read_known_to(self, phones: Iterable[str]) -> None:
        assert self._known_to is not None
        values = {"tenant": self.tenant_id, "phones": sorted(phones)}
        rows = _KNOWN_TO.all(self._connection, values)
        self._known_to |= {row.phone: row.session_name for row in rows}

    @_or_away
    def turn(self, key: str) -> int:
        return self._blocks.take(self._database, self.tenant_id, key)

    @_or_away
    def audience(self, selector: Values) -> Audience:
        count = audience.count(self._connection, self.tenant_id, selector)
        return Audience(cursor={"kind": "audience", "selector": dict(selector)}, count=count)

    @_or_away
    def contact(self, phone: str) -> Values | None:
        who = contacts.c.phone == phone
        if phone.endswith(LID_SUFFIX):
            known = identities.known(self._connection, self.tenant_id, [phone])
            who = contacts.c.id == known.get(phone)
        row = self._connection.execute(
            select(contacts).where(contacts.c.tenant_id == self.tenant_id, who)
        ).first()
        return (
            None
            if row is None
            else contact_values(row, audience.tags_of(self._connection, [row.id]))
        )

    def tag(self, phone: str, add: Sequence[str], remove: Sequence[str]) -> None:
        self.later(partial(people.tag, self.tenant_id, phone, tuple(add), tuple(remove)))

    @_or_away
    def save_contact(self, phone: str, name: str | None, fields: Values) -> Values:
        self.later(partial(people.save, self.tenant_id, phone, name, dict(fields)))
        return people.as_it_will_be(self.contact(phone), phone, name, fields)

    def block(self, phone: str, reason: str) -> None:
        self.later(partial(people.block, self.tenant_id, phone, reason))
        self._asked.add(phone)
        self._blocked.setdefault(phone, reason)

    def http(self, request: Values, timeout_s: float) -> Values:
        # Another server may take seconds; see read_image for why nothing is held meanwhile.
        self._connection.rollback()
        try:
            answer = self._door.ask(
                str(request["method"]),
                str(request["url"]),
                headers=request.get("headers") or {},
                body=request.get("body"),
                timeout_s=timeout_s,
                answer_bytes_most=HTTP_ANSWER_BYTES_MOST,
            )
        except Refused as refused:
            raise NodeError(refused.message, code=refused.code) from refused
        except Unanswered as silence:
            raise NodeError(
                silence.message,
                kind="timeout" if silence.code == "timeout" else "upstream",
                code=silence.code,
                retriable=silence.temporary,
            ) from silence
        return {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": answer.text,
        }

    def ai(self, task: AiTask, request: Values, timeout_s: float) -> Values:
        raise NodeError(
            "No AI engine is set up for this shop yet. Use keyword rules, or connect this step's "
            "error port to hand-to-human.",
            code="not_configured",
        )

    def reply_rules(self, text: str) -> Sequence[Values]:
        raise NodeError("Keyword rules of the shop need a chat to answer in.", code="no_chat")

    def once(self, key: str, within_s: float) -> bool:
        return True

    def hand_over(self, until: datetime | None, why: str) -> Values:
        raise NodeError("This run answers in no chat that could be handed over.", code="no_chat")

    @_or_away
    def click(self, rotator: str, target: str, source: Values) -> str:
        if clicks.rotator_by_slug(self._connection, self.tenant_id, rotator) is None:
            raise NodeError(f"There is no link called {rotator!r}.", code="no_link")
        code = click_codes.encode(secrets.randbits(click_codes.BITS))
        self._writes.append(
            lambda connection, now: _note_click(
                connection, self.tenant_id, (rotator, target, dict(source), code), now
            )
        )
        return code

    def for_run(self, row: Any) -> RunPorts:
        """The same for one run: `row` has chat_session_id, identity_id (the contact) and mode."""
        return RunPorts(self, row.chat_session_id, row.identity_id, row.mode)

    @_or_away
    def rules_of_chat(
        self, chat_id: int, contact_id: int | None, text: str, *, note: bool
    ) -> Sequence[Values]:
        """`reply_rules` of one chat."""
        books = self._rules or shared_books(self._database, self._clock)
        zone = str(self.profile()["zone"])
        found = rulings(
            self._connection, books, self.tenant_id, chat_id, contact_id, text, self._now, zone
        )
        used = [ruling["id"] for ruling in found if ruling["why_not"] is None]
        if note and used and contact_id is not None:

            def note_use(connection: Connection, now: datetime) -> None:
                books.note_use(connection, used, contact_id, now)

            self.later(note_use)
        return found

    @_or_away
    def first_in_chat(self, chat_id: int, key: str, within_s: float, *, note: bool) -> bool:
        """`once` of one chat."""
        return self._memories.first(chat_id, key, within_s, note=note)

    @_or_away
    def hand_over_chat(self, chat_id: int, until: datetime | None, why: str) -> Values:
        """`hand_over` of one chat."""
        ends = None
        if until is not None:
            ends = self._now + self._clock.span((until - self._now).total_seconds())
        self.later(partial(hand_over, self.tenant_id, chat_id, ends, why))
        return {"agent": agent_of(self._connection, self.tenant_id, chat_id)}

    def later(self, write: Write) -> None:
        """Keep a change for the transaction that records the runs."""
        self._writes.append(write)

    @_or_away
    def profile(self) -> Values:
        if self._profile is None:
            (row,) = _TENANT.all(self._connection, {"tenant": self.tenant_id})
            self._profile = {
                **(row.profile or {}),
                "name": row.name,
                "zone": row.zone,
                "owner_phone": row.owner_phone,
            }
        return self._profile

    def quiet_until(self, now: datetime, rule: Values) -> datetime:
        allowed = next_allowed(
            now,
            windows(
                rule.get("hours"),
                quiet=rule.get("quiet"),
                zone=rule.get("zone") or str(self.profile()["zone"]),
                holidays=rule.get("holidays", ()),
            ),
        )
        if allowed is None:
            raise NodeError("These hours never open.", code="never_open")
        return allowed

    @_or_away
    def media(self, reference: str) -> Media:
        return self._files.media(reference)

    @_or_away
    def read_image(self, reference: str, timeout_s: float) -> ReadText:
        return self._files.read_image(reference, timeout_s)

    def write_down(self, connection: Connection, now: datetime) -> None:
        """Write what nodes asked for; in the transaction that records their runs."""
        for write in self._writes:
            write(connection, now)
        self._memories.write_down(connection, now)


def _note_click(
    connection: Connection,
    tenant_id: int,
    given: tuple[str, str, dict[str, str], str],
    now: datetime,
) -> None:
    slug, target, source, code = given
    notes.note(connection, tenant_id, slug, target, source, code, now)


_TENANT = Hot(select(tenants).where(tenants.c.id == bindparam("tenant")))
_BLOCKED = Hot(
    select(blacklist.c.phone, blacklist.c.reason).where(
        blacklist.c.tenant_id == bindparam("tenant"),
        blacklist.c.phone.in_(bindparam("phones", expanding=True)),
    )
)
_DEVICES = Hot(
    select(devices, lanes.c.sent_today, lanes.c.day)
    .join(lanes, lanes.c.device_id == devices.c.id)
    .where(devices.c.tenant_id == bindparam("tenant"), devices.c.deleted_at.is_(None))
    .order_by(devices.c.id)
)
_KNOWN_TO = Hot(
    select(contacts.c.phone, devices.c.session_name)
    .join(devices, devices.c.id == contacts.c.last_device_id)
    .where(
        contacts.c.tenant_id == bindparam("tenant"),
        contacts.c.phone.in_(bindparam("phones", expanding=True)),
    )
)


def _device(row: Any, now: datetime) -> Device:
    held = row.health in COLD_HEALTH and (row.health_until is None or row.health_until > now)
    why_not = ""
    if row.status != "CONNECTED":
        why_not = "disconnected"
    elif not row.is_active_for_broadcast:
        why_not = "not_for_broadcasts"
    elif held:
        why_not = row.health.lower()
    return Device(
        name=row.session_name,
        phone=row.phone_number,
        ready=not why_not,
        why_not=why_not,
        weight=row.weight,
        sent_today=row.sent_today,
    )


def contact_values(row: Any, tags_of: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    """A contact as flows see it; its own fields stand beside the fixed ones."""
    return {
        "id": row.id,
        "phone": row.phone,
        "name": row.name,
        "tags": list(tags_of.get(row.id, ())),
        "fields": dict(row.metadata or {}),
        **({"zone": row.zone} if row.zone else {}),
    }
