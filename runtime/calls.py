"""A flow calls another: the other one runs as a child, and the caller wakes with its outputs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from sqlalchemy import Connection, Row, Table, select

from flows import inputs
from flows.document import Document, split_type
from flows.engine import halts
from flows.engine.plan import Plan, PlanError
from flows.engine.state import RunState
from flows.engine.step import begin
from flows.models import Flow, FlowVersion
from nodes.contract import Send
from runtime.claims import TERMINAL, RunUpdate, runs
from runtime.starts import insert_run
from services.kit.errors import Invalid

if TYPE_CHECKING:
    from runtime.advance import Batch, _Surroundings

flows: Table = Flow.__table__  # type: ignore[assignment]
versions: Table = FlowVersion.__table__  # type: ignore[assignment]

DEPTH_MOST = 5
GENERATIONS_MOST = 40
LOOK_AGAIN_S, LOOK_AGAIN_FLOOR_S = 5.0, 0.25
KEY = "call:"
"""How the places of called flows begin below their caller."""
MANUAL = "manual"


class NotCallable(Exception):
    """The flow can't be called; the caller leaves by `error` with this."""

    def __init__(self, code: str, message: str, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.detail = code, message, dict(detail or {})


def call(
    row: Any, state: RunState, halt: halts.Calling, surroundings: "_Surroundings", batch: "Batch"
) -> dict[str, Any]:
    """Put the called flow's run into the batch; the columns of the caller while it waits."""
    try:
        child = _child(row, state, halt, surroundings)
    except NotCallable as error:
        refused = {
            "code": error.code,
            "class": "bad_config",
            "message": error.message,
            "detail": error.detail,
        }
        signal = {"t": "outcome", "port": "error", "values": refused}
        return {"new_signal": signal, "new_wake_at": surroundings.now}

    def write(connection: Connection) -> None:
        insert_run(connection, child)

    batch.later.append((row.id, write))
    return {
        "new_cursor": {"what": "call", "key": child["item_key"], "flow": halt.flow},
        "new_wake_at": None,
    }


def feed(row: Any, surroundings: "_Surroundings", batch: "Batch") -> halts.Signal | None:
    """How the call ended, as the caller goes on with it; None while it is under way."""
    cursor = dict(row.cursor)
    child = surroundings.connection.execute(
        select(runs.c.status, runs.c.reason, runs.c.state).where(
            runs.c.tenant_id == row.tenant_id,
            runs.c.parent_id == row.id,
            runs.c.item_key == cursor["key"],
        )
    ).first()
    if child is None:
        return _failed("call_lost", f"The run of '{cursor['flow']}' is gone.")
    if child.status not in TERMINAL:
        batch.updates.append(
            RunUpdate(
                row.id,
                row.epoch,
                {
                    "new_state": row.state,
                    "new_cursor": cursor,
                    "new_trace": row.trace,
                    "new_started_at": row.started_at,
                    # The end of the called run rings; this is for a ring that came too early.
                    "new_wake_at": surroundings.now + _pause(surroundings),
                },
            )
        )
        return None
    if child.status == "SUCCEEDED":
        return halts.Outcome("ok", {"outputs": dict((child.state or {}).get("outputs") or {})})
    return _failed(
        "call_failed", f"'{cursor['flow']}' ended {child.status}: {child.reason or 'no reason'}."
    )


def _pause(surroundings: "_Surroundings") -> timedelta:
    clock = surroundings.world.clock
    return timedelta(seconds=max(clock.seconds(LOOK_AGAIN_S), LOOK_AGAIN_FLOOR_S))


def _failed(code: str, message: str) -> halts.Outcome:
    return halts.Outcome("error", {"code": code, "class": "upstream", "message": message[:300]})


def _child(
    row: Any, state: RunState, halt: halts.Calling, surroundings: "_Surroundings"
) -> dict[str, Any]:
    connection = surroundings.connection
    if _depth(connection, row) >= DEPTH_MOST:
        raise NotCallable("too_deep", f"Flows can call one another {DEPTH_MOST} deep.")
    version = _version(connection, row.tenant_id, halt)
    try:
        plan = surroundings.world.plans.of_version(connection, version.id).plan
        document = Document.model_validate(version.document)
        if row.campaign_id is not None and _sends(plan):
            # Its messages would go past the campaign's pace, its limits and its report.
            raise NotCallable("sends", "A flow that a broadcast calls can't send messages itself.")
        trigger = _way_in(document)
        values = inputs.filled(document, halt.inputs)
        begun = begin(plan, trigger, trigger={"inputs": values}, inputs=values)
    except Invalid as error:
        detail = {found.field: found.message for found in error.problems}
        raise NotCallable("bad_inputs", error.message, detail) from error
    except (PlanError, LookupError, ValueError) as error:
        raise NotCallable("flow_broken", f"'{halt.flow}' can't run: {error}"[:300]) from error
    return {
        "tenant_id": row.tenant_id,
        "flow_id": version.flow_id,
        "flow_version_id": version.id,
        "parent_id": row.id,
        "item_key": f"{KEY}{halt.node_id}:{state.taken}"[:80],
        "trigger": trigger,
        "kind": row.kind,
        "mode": row.mode,
        "priority": row.priority,
        "seed": row.seed,
        "identity_id": row.identity_id,
        "chat_session_id": row.chat_session_id,
        "state": begun.to_dict(),
        "wake_at": surroundings.now,
        "created_at": surroundings.now,
    }


def _version(connection: Connection, tenant_id: int, halt: halts.Calling) -> Row[*tuple[Any, ...]]:
    """The version that is called: the one asked for, else the one that is published now."""
    query = (
        select(versions.c.id, versions.c.flow_id, versions.c.document)
        .join(flows, flows.c.id == versions.c.flow_id)
        .where(
            flows.c.tenant_id == tenant_id, flows.c.slug == halt.flow, flows.c.deleted_at.is_(None)
        )
    )
    if halt.version is None:
        query = query.where(versions.c.id == flows.c.published_version_id)
    else:
        query = query.where(versions.c.number == halt.version)
    found = connection.execute(query).first()
    if found is None:
        which = "" if halt.version is None else f" version {halt.version}"
        raise NotCallable("no_such_flow", f"No flow '{halt.flow}'{which} is published.")
    return found


def _depth(connection: Connection, row: Any) -> int:
    """How many calls stand above a run."""
    depth, key, parent = 0, row.item_key, row.parent_id
    for _ in range(GENERATIONS_MOST):
        depth += bool(key and key.startswith(KEY))
        if parent is None:
            return depth
        above = connection.execute(
            select(runs.c.item_key, runs.c.parent_id).where(
                runs.c.tenant_id == row.tenant_id, runs.c.id == parent
            )
        ).first()
        if above is None:
            return depth
        key, parent = above.item_key, above.parent_id
    return DEPTH_MOST


def _way_in(document: Document) -> str:
    kinds = {
        name: split_type(entry.type)[0]
        for name, entry in document.triggers.items()
        if not entry.disabled
    }
    names = [name for name, kind in kinds.items() if kind == MANUAL] or list(kinds)
    if len(names) != 1:
        raise NotCallable("no_way_in", f"'{document.id}' needs one trigger of the kind manual.")
    return names[0]


def _sends(plan: Plan) -> bool:
    for node in plan.nodes.values():
        annotation = get_type_hints(node.run).get("return")
        if annotation is Send or Send in get_args(annotation):
            return True
    return False
