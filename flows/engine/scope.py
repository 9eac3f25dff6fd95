"""The scope of a run: what references, templates and conditions may see."""

from datetime import datetime
from typing import Any

from domain.zones import WIB, UnknownZone, zone_of
from flows.engine.plan import Plan
from flows.engine.state import RunState
from nodes.contract import Context


def build_scope(plan: Plan, state: RunState, ctx: Context) -> dict[str, Any]:
    """The roots of `flows.references.ROOTS` for one run.

    `ctx.scope` brings contact, chat, tenant and run; what it leaves out is filled in: the contact
    from the item or the trigger, `now` on the wall clock of the tenant's zone.
    """
    scope = dict(ctx.scope)
    scope["trigger"] = state.trigger
    scope["inputs"] = state.inputs
    scope["params"] = plan.params
    scope["vars"] = {**plan.vars, **state.vars}
    scope["steps"] = state.steps
    scope["item"] = state.item
    scope["error"] = state.error
    if "contact" not in scope:
        contact = None if state.item is None else state.item.get("contact")
        scope["contact"] = contact if contact is not None else state.trigger.get("contact")
    if "run" not in scope:
        scope["run"] = {"id": ctx.run_id, "mode": ctx.mode}
    if "now" not in scope:
        tenant = scope.get("tenant")
        zone = tenant.get("zone") if isinstance(tenant, dict) else None
        scope["now"] = now_values(ctx.now, zone or WIB)
    return scope


def now_values(now: datetime, zone: str) -> dict[str, Any]:
    """A moment as conditions read it: numbers of the local wall clock; Monday is weekday 1.

    A zone nobody knows is read as WIB: a slip in the settings must not stop every run of a shop.
    """
    try:
        local = now.astimezone(zone_of(zone))
    except UnknownZone:
        local = now.astimezone(zone_of(WIB))
    return {
        "iso": local.isoformat(),
        "date": local.date().isoformat(),
        "time": f"{local.hour:02d}:{local.minute:02d}",
        "year": local.year,
        "month": local.month,
        "day": local.day,
        "weekday": local.isoweekday(),
        "hour": local.hour,
        "minute": local.minute,
        "zone": zone,
    }
