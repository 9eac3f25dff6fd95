"""Runs again what has run: from the start, or from a step with what earlier ones found out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from flows.engine.plan import Plan, PlanError
from flows.engine.state import RunState
from flows.engine.step import begin
from flows.engine.trace import HIDDEN
from runtime.runs import repository
from runtime.starts import RING, insert_run, plans, ring_after
from services.kit.errors import Conflict, Invalid, NotFound

PINNED = "pinned"
"""Note of a step in the new trace that was not run again."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The new run, and the steps it did not run again."""

    run_id: int
    pinned: list[str]


def replay(
    session: Session, tenant_id: int, run_id: int, step: str | None, now: datetime
) -> Replay:
    """A new run of the same version with the same event and seed.

    From `step` on: the steps before it are not run, so nothing is sent a second time for them;
    their outputs are those of the trace. From the start everything runs again, sends included.
    Raises: NotFound, Invalid for a step that was not reached, Conflict where it can't be done.
    """
    connection = session.connection()
    row = repository.run(connection, tenant_id, run_id)
    if row is None:
        raise NotFound("There is no such run.", hint="Look at the list of runs.")
    _require_whole(row)
    version = repository.version(connection, tenant_id, row.flow_version_id)
    if version is None:
        raise Conflict("The version this run used is gone.", code="version_gone")
    try:
        plan = plans(connection).get(connection, version.id, version.params or {})
        old = RunState.from_json(row.state)
        state = begin(plan, row.trigger, trigger=old.trigger, inputs=old.inputs)
    except (PlanError, ValueError, LookupError) as error:
        raise Conflict(
            f"The flow of this run can't run any more: {error}"[:300], code="flow_broken"
        ) from error
    trace: list[dict[str, Any]] = []
    if step is not None:
        trace = _before(plan, row.trace or (), step)
        state.at, state.branch = step, None
        state.vars = old.vars
        state.steps = {entry["node"]: entry.get("outputs") or {} for entry in trace}
    made = insert_run(
        connection,
        {
            "tenant_id": tenant_id,
            "flow_id": row.flow_id,
            "flow_version_id": row.flow_version_id,
            "trigger": row.trigger,
            "kind": row.kind,
            "mode": row.mode,
            "priority": row.priority,
            "seed": row.seed,
            "identity_id": row.identity_id,
            "chat_session_id": row.chat_session_id,
            "replay_of": row.id,
            "state": state.to_dict(),
            "trace": trace or None,
            "wake_at": now,
            "created_at": now,
        },
    )
    assert made is not None  # no key that could be taken
    ring_after(session, RING)
    return Replay(made, [entry["node"] for entry in trace])


def _require_whole(row: Row[*tuple[Any, ...]]) -> None:
    if row.campaign_id is not None:
        raise Conflict(
            "This run belongs to a campaign.",
            code="run_of_campaign",
            hint="Retry its failed recipients in the campaign.",
        )
    if row.parent_id is not None:
        raise Conflict(
            "This is a part of another run.",
            code="part_of_run",
            hint=f"Replay run {row.parent_id}.",
        )
    if not row.state:
        raise Conflict("What this run was started with is no longer kept.", code="not_kept")


def _before(plan: Plan, trace: Sequence[Mapping[str, Any]], step: str) -> list[dict[str, Any]]:
    """The steps that were left before `step` was reached, as the new trace shows them."""
    node = plan.nodes.get(step)
    reached = [place for place, entry in enumerate(trace) if entry.get("node") == step]
    if node is None or not reached:
        known = sorted({str(entry.get("node")) for entry in trace})
        raise Invalid(
            f"This run did not reach a step called '{step}'.",
            hint=f"It reached {', '.join(known)}."[:500] if known else "It reached none.",
        )
    if node.within is not None:
        raise Conflict(
            f"'{step}' stands inside '{node.within}'.",
            code="inside_container",
            hint=f"Replay from '{node.within}'.",
        )
    done: dict[str, dict[str, Any]] = {}
    for entry in trace[: reached[0]]:
        name = str(entry.get("node"))
        if entry.get("port") is None or name not in plan.nodes:
            continue
        outputs = entry.get("outputs") or {}
        incomplete = "cut_bytes" in entry or "not_shown" in outputs or _hides(outputs)
        if plan.nodes[name].keeps and (incomplete or plan.nodes[name].save != "full"):
            raise Conflict(
                f"What '{name}' found out was not kept whole, and later steps read it.",
                code="not_kept",
                hint="Replay from the start, or from an earlier step.",
            )
        done[name] = {"node": name, "port": entry["port"], "note": PINNED, "outputs": outputs}
    return list(done.values())


def _hides(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_hides(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_hides(inner) for inner in value)
    return bool(value == HIDDEN)
