"""A run that nobody made a campaign for, and that yet writes to an audience, gets one of its own.

So a weekly schedule shows up beside the campaigns people make, with the same recipients, the same
pauses and the same last words.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from domain.zones import zone_of
from flows.engine.plan import Plan
from flows.models import Flow, FlowVersion
from flows.references import resolve
from runtime.claims import runs
from services.accounts.models import Tenant
from services.campaigns.models import Campaign

LIMITS = ("quiet_hours", "device_per_day")
NAME_CHARS = 255
DELAY_S = (5, 20)
"""How far apart its messages are thought to leave, when it is guessed how many fit in a minute."""


def begin(row: Any, plan: Plan, now: datetime) -> Callable[[Connection], None]:
    """What makes the campaign of this run, in the transaction that records it."""

    def make(connection: Connection) -> None:
        version = connection.execute(
            select(FlowVersion.document, FlowVersion.params, Flow.name)
            .join(Flow, Flow.id == FlowVersion.flow_id)
            .where(FlowVersion.id == row.flow_version_id, FlowVersion.tenant_id == row.tenant_id)
        ).one()
        zone = connection.execute(select(Tenant.zone).where(Tenant.id == row.tenant_id)).scalar()
        made = connection.execute(
            insert(Campaign),
            {
                "tenant_id": row.tenant_id,
                "name": f"{version.name} {_day(now, zone)}"[:NAME_CHARS],
                "flow_version_id": row.flow_version_id,
                "params": dict(version.params or {}),
                "limits": limits_of(version.document, plan),
                "seed": row.seed,
                "run_id": row.id,
                "status": "PREPARING",
                "pass_no": 1,
                "delay_min": DELAY_S[0],
                "delay_max": DELAY_S[1],
                "created_at": now,
                "updated_at": now,
            },
        )
        campaign_id = made.inserted_primary_key[0]  # type: ignore[index]
        connection.execute(update(runs).where(runs.c.id == row.id).values(campaign_id=campaign_id))

    return make


def limits_of(document: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """What the claims of a campaign obey: the flow's own limits, with its parameters."""
    asked = document.get("limits") or {}
    found = {
        name: resolve(asked[name], {"params": plan.params}) for name in LIMITS if name in asked
    }
    return {name: value for name, value in found.items() if value is not None}


def _day(now: datetime, zone: str | None) -> str:
    where: ZoneInfo = zone_of(zone or "Asia/Jakarta")
    return f"{now.astimezone(where):%Y-%m-%d %H:%M}"
