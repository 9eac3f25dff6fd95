"""What a worker knows of flows that hear messages: their triggers, plans and pauses for bursts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Table, bindparam, select

from flows.engine.plan import PlanError
from flows.models import Flow, FlowVersion, Trigger
from runtime.plans import Kept, Plans
from services.devices.models import Device
from services.kit.statements import Hot

triggers: Table = Trigger.__table__  # type: ignore[assignment]
flows: Table = Flow.__table__  # type: ignore[assignment]
versions: Table = FlowVersion.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.inbound.books")

QUIET_S, MOST_S, MESSAGES_MOST = 6.0, 25.0, 10
"""A burst: until nothing came for so long, at most so long, at most so many messages."""


@dataclass(frozen=True, slots=True)
class Burst:
    """How long a trigger gathers messages; `quiet_s` 0: not at all. Unscaled seconds."""

    quiet_s: float = QUIET_S
    most_s: float = MOST_S
    messages: int = MESSAGES_MOST


@dataclass(frozen=True, slots=True)
class Listener:
    """A published flow that hears messages."""

    trigger_id: int
    tenant_id: int
    flow_id: int
    version_id: int
    name: str
    devices: frozenset[str]
    kinds: frozenset[str]
    burst: Burst
    kept: Kept

    def hears(self, device: str, kind: str) -> bool:
        return (not self.devices or device in self.devices) and (
            not self.kinds or kind in self.kinds
        )


class Listeners:
    """The listeners of tenants, compiled once per trigger row as it stands."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._known: dict[int, tuple[tuple[int, datetime], Listener | None]] = {}

    def of(self, connection: Connection, tenant_ids: Collection[int]) -> dict[int, list[Listener]]:
        """Per tenant, in the order in which they are asked."""
        found: dict[int, list[Listener]] = {}
        if not tenant_ids:
            return found
        for row in _TRIGGERS.all(connection, {"tenants": sorted(tenant_ids)}):
            stamp = (row.flow_version_id, row.updated_at)
            known = self._known.get(row.id)
            if known is None or known[0] != stamp:
                known = self._known[row.id] = (stamp, self._read(connection, row))
            if known[1] is not None:
                found.setdefault(row.tenant_id, []).append(known[1])
        return found

    def _read(self, connection: Connection, row: Any) -> Listener | None:
        """None for one that can't be run, or that hears groups only."""
        try:
            kept = self._plans.of_version(connection, row.flow_version_id)
        except (PlanError, LookupError, ValueError) as error:
            log.warning("listener_broken", trigger=row.id, error=str(error)[:300])
            return None
        params: Mapping[str, Any] = row.params or {}
        if params.get("chats") == "groups" or row.name not in kept.plan.entries:
            return None
        return Listener(
            trigger_id=row.id,
            tenant_id=row.tenant_id,
            flow_id=row.flow_id,
            version_id=row.flow_version_id,
            name=row.name,
            devices=frozenset(params.get("devices") or ()),
            kinds=frozenset(params.get("types") or ()),
            burst=burst_of(params, kept.document_triggers.get(row.name)),
            kept=kept,
        )


def burst_of(params: Mapping[str, Any], entry: Mapping[str, Any] | None) -> Burst:
    """The trigger's own form first, then what stands beside it in the document."""
    given: Any = params.get("debounce")
    if given is None:
        given = (entry or {}).get("debounce")
    if given is None:
        return Burst()
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Burst(quiet_s=float(given), most_s=max(MOST_S, float(given)))
    quiet = _first(given, QUIET_S, "quiet_s", "quiet")
    most = _first(given, MOST_S, "max_s", "max")
    return Burst(quiet, max(most, quiet), int(_first(given, MESSAGES_MOST, "messages")))


def _first(given: Mapping[str, Any], default: float, *names: str) -> float:
    for name in names:
        if given.get(name) is not None:
            return float(given[name])
    return float(default)


def device_names(connection: Connection, device_ids: Sequence[int]) -> dict[int, str]:
    """Session names by device id."""
    if not device_ids:
        return {}
    rows = _NAMES.all(connection, {"ids": sorted(set(device_ids))})
    return {row.id: row.session_name for row in rows}


_TRIGGERS = Hot(
    select(
        triggers.c.id,
        triggers.c.tenant_id,
        triggers.c.flow_id,
        triggers.c.flow_version_id,
        triggers.c.name,
        triggers.c.params,
        triggers.c.updated_at,
    )
    .where(
        triggers.c.tenant_id.in_(bindparam("tenants", expanding=True)),
        triggers.c.type == "message",
        triggers.c.is_active.is_(True),
    )
    .order_by(triggers.c.tenant_id, triggers.c.position, triggers.c.id)
)
_NAMES = Hot(
    select(devices.c.id, devices.c.session_name).where(
        devices.c.id.in_(bindparam("ids", expanding=True))
    )
)
