"""What nodes ask of the world, answered from the database: read ahead once for a whole batch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from domain.windows import next_allowed, windows
from flows.engine.step import Interrupt
from nodes.contract import Audience, Device, Media, NodeError, ReadText, Values
from runtime.media_ports import MediaPorts
from runtime.models import RotationTurn
from services.accounts.models import Tenant
from services.blacklist.models import Blacklisted
from services.contacts import audience
from services.contacts.models import Contact, ContactTag, ContactTagLink
from services.devices.models import Device as DeviceRow
from services.devices.models import DeviceLane
from services.kit.db import AWAY, Database
from services.kit.statements import Hot

contacts: Table = Contact.__table__  # type: ignore[assignment]
tags: Table = ContactTag.__table__  # type: ignore[assignment]
links: Table = ContactTagLink.__table__  # type: ignore[assignment]
blacklist: Table = Blacklisted.__table__  # type: ignore[assignment]
devices: Table = DeviceRow.__table__  # type: ignore[assignment]
lanes: Table = DeviceLane.__table__  # type: ignore[assignment]
tenants: Table = Tenant.__table__  # type: ignore[assignment]
turns: Table = RotationTurn.__table__  # type: ignore[assignment]

TURN_BLOCK = 200
"""Rotation indexes leased at once. A worker that dies leaves a hole, never a repetition."""
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
    ) -> None:
        self._files = MediaPorts(connection, tenant_id, media_root, ocr_url)
        self._connection = connection
        self._database = database
        self._blocks = blocks
        self.tenant_id = tenant_id
        self._now = now
        self._profile: Values | None = None
        self._devices: dict[str, Device] | None = None
        self._tagged: list[tuple[str, Sequence[str], Sequence[str]]] = []
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
        row = self._connection.execute(
            select(contacts).where(
                contacts.c.tenant_id == self.tenant_id, contacts.c.phone == phone
            )
        ).first()
        return (
            None
            if row is None
            else contact_values(row, audience.tags_of(self._connection, [row.id]))
        )

    def tag(self, phone: str, add: Sequence[str], remove: Sequence[str]) -> None:
        self._tagged.append((phone, tuple(add), tuple(remove)))

    @_or_away
    def profile(self) -> Values:
        if self._profile is None:
            row = self._connection.execute(
                select(tenants).where(tenants.c.id == self.tenant_id)
            ).one()
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
        for phone, add, remove in self._tagged:
            _tag(connection, self.tenant_id, phone, add, remove, now)


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


def _tag(
    connection: Connection,
    tenant_id: int,
    phone: str,
    add: Sequence[str],
    remove: Sequence[str],
    now: datetime,
) -> None:
    contact_id = connection.execute(
        select(contacts.c.id).where(contacts.c.tenant_id == tenant_id, contacts.c.phone == phone)
    ).scalar()
    if contact_id is None:
        return
    known = audience.tag_ids(connection, tenant_id, [*add, *remove], now, create=add)
    if remove:
        gone = [known[name] for name in remove if name in known]
        connection.execute(
            delete(links).where(links.c.contact_id == contact_id, links.c.tag_id.in_(gone))
        )
    has = set(
        connection.execute(select(links.c.tag_id).where(links.c.contact_id == contact_id)).scalars()
    )
    fresh = [{"contact_id": contact_id, "tag_id": known[name]} for name in dict.fromkeys(add)]
    fresh = [link for link in fresh if link["tag_id"] not in has]
    if fresh:
        connection.execute(insert(links), fresh)
