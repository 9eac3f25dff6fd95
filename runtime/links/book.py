"""The links of this server, as one process keeps them: read ahead, so that a click asks nobody."""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from domain.windows import WindowError
from domain.zones import zone_of
from flows.engine.plan import PlanError
from flows.models import Flow, FlowVersion, Trigger
from runtime.links.link import DeviceState, Facts, Link, Loads, Turns
from runtime.plans import Plans
from services.accounts.models import Tenant
from services.chats.models import ChatSession
from services.devices.models import Device, DeviceLane
from services.kit.clock import Clock
from services.kit.db import AWAY, Database
from services.rotators.models import LinkRotator
from services.rotators.words import RotationType

LINKS_KEPT = 5_000
UNKNOWN_KEPT = 10_000
FRESH_S = 4.0
"""An older copy is read again before it answers, unless the database is away."""
AWAY_S = 2.0
"""How long a database that did not answer is left in peace."""
OPEN_CHAT = timedelta(hours=24)
FROZEN = ("COLD_FROZEN", "COOLING", "PAUSED")
BLOCK_FIRST, BLOCK_MOST = 200, 20_000
BLOCK_LASTS_S = 5.0
"""A block that is used up sooner is followed by a larger one."""
INDEX_MOST = 2_000_000_000
LEASE_TRIES = 10

log = structlog.get_logger("runtime.links")


class Book:
    """Links by slug. Filled by worker threads, read by the event loop's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._links: OrderedDict[str, Link] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._plans = Plans()
        self._leased_at: dict[int, float] = {}
        self._away_until = 0.0

    def kept(self, slug: str, now_s: float) -> Link | None:
        """The copy at hand that is fresh enough to answer. `now_s`: the monotonic clock."""
        link = self._links.get(slug)
        if link is None:
            return None
        if now_s - link.read_at > FRESH_S and now_s >= self._away_until:
            return None
        link.asked_at = now_s
        return link

    def old(self, slug: str) -> Link | None:
        """The copy at hand, however old."""
        return self._links.get(slug)

    def is_unknown(self, slug: str, now_s: float) -> bool:
        """Whether this name was looked for in vain a moment ago."""
        return self._unknown.get(slug, 0.0) > now_s

    def is_away(self, now_s: float) -> bool:
        """Whether the database did not answer a moment ago."""
        return now_s < self._away_until

    def find(self, slug: str) -> Link | None:
        """The link, read now and ready to be clicked on; None when there is none.

        Raises: one of AWAY when the database does not answer and no copy is at hand.
        """
        now_s = self._clock.monotonic()
        try:
            self._read([slug], now_s)
            link = self._links.get(slug)
            if link is None and self._adopt(slug):
                self._read([slug], now_s)
                link = self._links.get(slug)
            if link is not None and not link.turns.is_leased:
                self._lease(link, now_s)
        except AWAY:
            self._away_until = self._clock.monotonic() + AWAY_S
            link = self._links.get(slug)
            if link is None:
                raise
        if link is None:
            self._unknown[slug] = now_s + FRESH_S
            if len(self._unknown) > UNKNOWN_KEPT:
                self._unknown.popitem(last=False)
            return None
        link.asked_at = now_s
        return link

    def read_all(self) -> None:
        """Every active link, so that none is missing when the database goes away."""
        with self._database.read() as connection:
            slugs = connection.execute(
                select(LinkRotator.slug)
                .where(LinkRotator.is_active)
                .order_by(LinkRotator.updated_at.desc())
                .limit(LINKS_KEPT)
            ).scalars()
            found = list(slugs)
        now_s = self._clock.monotonic()
        for start in range(0, len(found), 200):
            self._read(found[start : start + 200], now_s)

    def refresh(self, asked_within_s: float) -> int:
        """Read the links again that were clicked of late; how many. Raises: one of AWAY."""
        now_s = self._clock.monotonic()
        slugs = [
            slug
            for slug, link in list(self._links.items())
            if now_s - link.asked_at < asked_within_s
        ]
        try:
            for start in range(0, len(slugs), 200):
                self._read(slugs[start : start + 200], now_s)
            for slug in slugs:
                link = self._links.get(slug)
                if link is not None and link.turns.is_low:
                    self._lease(link, now_s)
        except AWAY:
            self._away_until = self._clock.monotonic() + AWAY_S
            raise
        return len(slugs)

    def lease_low(self) -> None:
        """Lease the next block of every link that needs one. Raises: one of AWAY."""
        now_s = self._clock.monotonic()
        if now_s < self._away_until:
            return
        for link in list(self._links.values()):
            if link.turns.is_leased and link.turns.is_low:
                self._lease(link, now_s)

    # ------------------------------------------------------------------ reading

    def _read(self, slugs: Sequence[str], now_s: float) -> None:
        now = self._clock.now()
        with self._database.read() as connection:
            found = {facts.slug: facts for facts in _facts(connection, slugs, now)}
            fresh = [self._link(connection, facts) for facts in found.values()]
        for link in fresh:
            slug = link.facts.slug
            kept = self._links.get(slug)
            link.read_at = now_s
            link.asked_at = kept.asked_at if kept is not None else 0.0
            self._links[slug] = link
            self._links.move_to_end(slug)
            self._unknown.pop(slug, None)
            if len(self._links) > LINKS_KEPT:
                self._links.popitem(last=False)
        for slug in slugs:
            if slug not in found:
                self._links.pop(slug, None)

    def _link(self, connection: Connection, facts: Facts) -> Link:
        """The link with the counters of its older copy; that copy itself when nothing changed."""
        kept = self._links.get(facts.slug)
        if kept is not None and kept.facts == facts:
            return kept
        if kept is not None and kept.facts.id != facts.id:
            kept = None
        try:
            link = Link(facts) if kept is None else Link(facts, kept.turns, kept.loads)
        except (WindowError, ValueError) as error:
            # Only by hand can such a row come about; the link shows its page meanwhile.
            log.error("link_unreadable", slug=facts.slug, problem=str(error))
            shut = {"target_numbers": (), "fallback_phone": None, "default_message": ""}
            link = Link(Facts(**{**_values(facts), **shut}), Turns(), Loads())
            link.facts = facts
        if facts.flow_version_id is not None:
            try:
                link.plan = self._plans.get(connection, facts.flow_version_id, facts.flow_params)
            except (PlanError, LookupError) as error:
                log.error("link_flow_unreadable", slug=facts.slug, problem=str(error)[:300])
        return link

    # ------------------------------------------------------------------ writing

    def _lease(self, link: Link, now_s: float) -> None:
        before = self._leased_at.get(link.facts.id, -1e9)
        size = max(link.turns.block, BLOCK_FIRST)
        if now_s - before < self._clock.seconds(BLOCK_LASTS_S):
            size = min(size * 2, BLOCK_MOST)
        with self._database.write() as connection:
            first = lease(connection, link.facts.id, size)
        self._leased_at[link.facts.id] = now_s
        link.turns.lease(first, size)

    def _adopt(self, slug: str) -> bool:
        """Give a published flow's own `link-click` trigger its row; whether there was one."""
        with self._database.read() as connection:
            found = next(
                (row for row in _link_triggers(connection) if row.params.get("slug") == slug), None
            )
        if found is None:
            return False
        now = self._clock.now()
        try:
            with self._database.write() as connection:
                connection.execute(
                    insert(LinkRotator),
                    {
                        "tenant_id": found.tenant_id,
                        "slug": slug,
                        "name": found.flow_name,
                        "target_numbers": [],
                        "flow_version_id": found.flow_version_id,
                        "created_at": now,
                        "updated_at": now,
                    },
                )
        except IntegrityError:
            log.info("link_adopted_elsewhere", slug=slug)
        return True


def lease(connection: Connection, link_id: int, count: int) -> int:
    """The first of `count` indexes that are ours alone; 0 again after two thousand million."""
    for _ in range(LEASE_TRIES):
        first = connection.execute(
            select(LinkRotator.current_index).where(LinkRotator.id == link_id)
        ).scalar()
        if first is None:
            return secrets.randbelow(INDEX_MOST)  # the link was deleted meanwhile
        after = first + count
        if after > INDEX_MOST:
            after = count
        moved = connection.execute(
            update(LinkRotator)
            .where(LinkRotator.id == link_id, LinkRotator.current_index == first)
            .values(current_index=after)
        )
        if moved.rowcount:
            return after - count
    return secrets.randbelow(INDEX_MOST)


def _values(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in Facts.__dataclass_fields__}


def _facts(connection: Connection, slugs: Sequence[str], now: datetime) -> Iterable[Facts]:
    if not slugs:
        return []
    rows = connection.execute(
        select(
            LinkRotator.__table__,
            Tenant.name.label("shop_name"),
            Tenant.zone.label("shop_zone"),
            Tenant.owner_phone,
            Tenant.profile,
        )
        .join(Tenant, Tenant.id == LinkRotator.tenant_id)
        .where(LinkRotator.slug.in_(slugs), Tenant.is_active)
    ).all()
    tenants = sorted({row.tenant_id for row in rows})
    devices = _devices(connection, tenants, now) if tenants else {}
    loaded = {row.tenant_id for row in rows if row.rotation_type == RotationType.LEAST_LOADED}
    chats = _open_chats(connection, sorted(loaded), now) if loaded else {}
    versions = _versions(connection, rows)
    return [
        _fact(row, devices.get(row.tenant_id, {}), chats, versions.get(row.slug)) for row in rows
    ]


def _fact(
    row: Any,
    devices: Mapping[str, tuple[int, DeviceState]],
    chats: Mapping[int, int],
    version: Any,
) -> Facts:
    states = {
        name: (
            state
            if not chats.get(device_id)
            else DeviceState(name, state.phone, state.why_not, chats[device_id], state.sent_today)
        )
        for name, (device_id, state) in devices.items()
    }
    named = {str(one.get("device")) for one in row.target_numbers}
    if version is None:
        # Of the others only the tenant's own flow may ask.
        states = {name: state for name, state in states.items() if name in named}
    return Facts(
        id=row.id,
        tenant_id=row.tenant_id,
        slug=row.slug,
        name=row.name,
        rotation_type=RotationType(row.rotation_type),
        target_numbers=tuple(row.target_numbers),
        default_message=row.default_message,
        with_code=row.with_code,
        fallback_phone=row.fallback_phone,
        closed_text=row.closed_text,
        is_active=row.is_active,
        zone=row.shop_zone,
        shop={
            **(row.profile or {}),
            "name": row.shop_name,
            "zone": row.shop_zone,
            "owner_phone": row.owner_phone,
        },
        devices=states,
        flow_version_id=None if version is None else version.id,
        flow_id=None if version is None else version.flow_id,
        flow_params={} if version is None else dict(version.params or {}),
    )


def _devices(
    connection: Connection, tenants: Sequence[int], now: datetime
) -> dict[int, dict[str, tuple[int, DeviceState]]]:
    found: dict[int, dict[str, tuple[int, DeviceState]]] = {}
    rows = connection.execute(
        select(
            Device.__table__,
            DeviceLane.day,
            DeviceLane.sent_today,
            DeviceLane.hour,
            DeviceLane.sent_this_hour,
            DeviceLane.cooldown_until,
            Tenant.zone,
        )
        .join(DeviceLane, DeviceLane.device_id == Device.id)
        .join(Tenant, Tenant.id == Device.tenant_id)
        .where(Device.tenant_id.in_(tenants), Device.deleted_at.is_(None))
    )
    for row in rows:
        # Not its count of today: it changes with each send, and no link asks for it.
        state = DeviceState(row.session_name, row.phone_number, why_not(row, now), 0)
        found.setdefault(row.tenant_id, {})[row.session_name] = (row.id, state)
    return found


def why_not(row: Any, now: datetime) -> str:
    """Why a device takes no new chats; empty when it does.

    Unlike for broadcasts, a device that is kept out of these may well be written to.
    """
    if row.status != "CONNECTED":
        return "disconnected"
    if row.health in FROZEN and (row.health_until is None or row.health_until > now):
        return str(row.health).lower()
    if row.cooldown_until is not None and row.cooldown_until > now:
        return "cooling"
    caps = row.pacing or {}
    today = now.astimezone(zone_of(row.zone)).date().isoformat()
    per_day, per_hour = caps.get("per_day"), caps.get("per_hour")
    if per_day is not None and row.day == today and row.sent_today >= per_day:
        return "over_cap"
    hour = int(now.timestamp() // 3600)
    if per_hour is not None and row.hour == hour and row.sent_this_hour >= per_hour:
        return "over_cap"
    return ""


def _open_chats(connection: Connection, tenants: Sequence[int], now: datetime) -> dict[int, int]:
    """Chats of the last day by device."""
    rows = connection.execute(
        select(ChatSession.device_id, func.count())
        .where(ChatSession.tenant_id.in_(tenants), ChatSession.last_message_at > now - OPEN_CHAT)
        .group_by(ChatSession.device_id)
    )
    return {row[0]: row[1] for row in rows}


def _versions(connection: Connection, rows: Sequence[Any]) -> dict[str, Any]:
    """The flow version that answers each slug instead of the shipped flow.

    The one that is published now of the flow the link names, else of a flow of the same account
    whose trigger has the link's name.
    """
    if not rows:
        return {}
    wanted: dict[str, int] = {}
    named = {row.slug: row.flow_version_id for row in rows if row.flow_version_id is not None}
    if named:
        older = select(FlowVersion.id, FlowVersion.flow_id).where(
            FlowVersion.id.in_(sorted(named.values()))
        )
        flow_of = {row.id: row.flow_id for row in connection.execute(older)}
        published = {
            row.id: row.published_version_id
            for row in connection.execute(
                select(Flow.id, Flow.published_version_id).where(
                    Flow.id.in_(sorted(set(flow_of.values()))), Flow.deleted_at.is_(None)
                )
            )
        }
        for slug, version_id in named.items():
            current = published.get(flow_of.get(version_id, 0))
            if current is not None:
                wanted[slug] = current
    tenant_of = {row.slug: row.tenant_id for row in rows}
    for trigger in _link_triggers(connection, sorted(set(tenant_of.values()))):
        slug = str(trigger.params.get("slug"))
        if tenant_of.get(slug) == trigger.tenant_id:
            wanted.setdefault(slug, trigger.flow_version_id)
    if not wanted:
        return {}
    found = {
        row.id: row
        for row in connection.execute(
            select(FlowVersion.id, FlowVersion.flow_id, FlowVersion.params).where(
                FlowVersion.id.in_(sorted(set(wanted.values())))
            )
        )
    }
    return {slug: found[version] for slug, version in wanted.items() if version in found}


def _link_triggers(connection: Connection, tenants: Sequence[int] = ()) -> list[Any]:
    """Triggers of published flows that answer links; the oldest of one name wins."""
    query = (
        select(
            Trigger.id,
            Trigger.tenant_id,
            Trigger.flow_version_id,
            Trigger.params,
            Flow.name.label("flow_name"),
        )
        .join(Flow, Flow.id == Trigger.flow_id)
        .where(Trigger.type == "link-click", Trigger.is_active, Flow.is_active)
        .order_by(Trigger.id)
    )
    if tenants:
        query = query.where(Trigger.tenant_id.in_(tenants))
    return list(connection.execute(query))
