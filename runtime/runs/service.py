"""Looking at runs, and telling them to stop, to hold, to go on, or to run again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.orm import Session

from domain.states import RunStatus
from flows import inputs as run_inputs
from flows.document import Document, split_type
from flows.engine.plan import PlanError
from flows.engine.trace import redacted
from runtime import claims
from runtime.runs import repository
from runtime.starts import RING, ring_after, start_run
from services.kit.errors import Conflict, Invalid, NotFound, TooLarge

EVENT_BYTES_MOST = 256 * 1024
"""Of what a run is started with: it is stored with the run until it has ended."""
MANUAL = "manual"
OF_CAMPAIGNS = "broadcast"
KINDS = ("inbound", "webhook", "schedule", "rotator", "manual", "event", "call", "broadcast")


# --------------------------------------------------------------------------- starting


def start(
    session: Session,
    tenant_id: int,
    flow_id: int,
    given: Mapping[str, Any],
    event: Mapping[str, Any],
    trigger: str | None,
    now: datetime,
) -> int:
    """Start the published version of a flow; the run's id.

    Raises: NotFound, Conflict when it is not published or switched off, Invalid with every input
    that does not fit.
    """
    connection = session.connection()
    flow = repository.flow(connection, tenant_id, flow_id)
    if flow is None:
        raise NotFound("There is no such flow.")
    if flow.published_version_id is None:
        raise Conflict(
            "This flow is not published.", code="flow_not_published", hint="Publish it first."
        )
    if not flow.is_active:
        raise Conflict("This flow is switched off.", code="flow_off", hint="Switch it on first.")
    version = repository.version(connection, tenant_id, flow.published_version_id)
    if version is None:
        raise NotFound("There is no such flow.")
    document = Document.model_validate(version.document)
    name, kind = _way_in(document, trigger)
    values = run_inputs.filled(document, given)
    _require_small(values, event)
    try:
        run_id = start_run(
            connection,
            tenant_id=tenant_id,
            flow_id=flow_id,
            version_id=version.id,
            trigger_name=name,
            trigger_values={"inputs": values} if kind == MANUAL else event,
            inputs=values,
            kind="manual",
            now=now,
        )
    except (PlanError, LookupError, ValueError) as error:
        raise _broken(error) from error
    assert run_id is not None  # no dedupe key was given
    ring_after(session, RING)
    return run_id


def _way_in(document: Document, wanted: str | None) -> tuple[str, str]:
    """Name and kind of the trigger to enter by."""
    kinds = {
        name: split_type(entry.type)[0]
        for name, entry in document.triggers.items()
        if not entry.disabled
    }
    if wanted is not None:
        if wanted not in kinds:
            raise Invalid(
                f"The flow has no way in called '{wanted}'.",
                hint=f"It has {', '.join(sorted(kinds)) or 'none'}.",
            )
        names = [wanted]
    else:
        names = [name for name, kind in kinds.items() if kind == MANUAL] or list(kinds)
    if len(names) != 1:
        raise Invalid(
            "Say which way in to use.",
            hint=f"`trigger` is one of {', '.join(sorted(kinds))}."
            if kinds
            else "The flow has no trigger.",
        )
    if kinds[names[0]] == OF_CAMPAIGNS:
        raise Conflict(
            "A broadcast is started by a campaign.",
            code="needs_campaign",
            hint="Make a campaign with this flow and start it.",
        )
    return names[0], kinds[names[0]]


def _require_small(*values: Mapping[str, Any]) -> None:
    import orjson

    try:
        size = sum(len(orjson.dumps(dict(one))) for one in values)
    except (TypeError, ValueError, orjson.JSONEncodeError) as error:
        raise Invalid(f"What was given can't be stored: {error}.") from error
    if size > EVENT_BYTES_MOST:
        raise TooLarge(
            f"A run can be started with {EVENT_BYTES_MOST} bytes; this is {size}.",
            hint="Store the rest elsewhere and give its address.",
        )


# --------------------------------------------------------------------------- looking


def page(
    session: Session,
    tenant_id: int,
    wanted: Mapping[str, Any],
    after: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    found = repository.page(session.connection(), tenant_id, wanted, after, limit)
    return [item(row) for row in found]


def get(session: Session, tenant_id: int, run_id: int) -> dict[str, Any]:
    """A run with its trace; secrets masked as in the trace. Raises: NotFound."""
    connection = session.connection()
    row = _run(connection, tenant_id, run_id)
    state = row.state or {}
    return {
        **item(row),
        "at": state.get("at"),
        "trigger_values": redacted(state.get("trigger") or {}),
        "inputs": redacted(state.get("inputs") or {}),
        "vars": redacted(state.get("vars") or {}),
        "outputs": redacted(state.get("outputs") or {}),
        "error": redacted(state.get("error")),
        "trace": list(row.trace or ()),
        "children": repository.children(connection, tenant_id, run_id),
    }


def item(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    values = {name: value for name, value in row._mapping.items() if name != "desired_state"}
    return {**values, "wanted": row.desired_state, "waits_for": _waits_for(row)}


def _waits_for(row: Row[*tuple[Any, ...]]) -> str | None:
    if row.status not in ("WAITING", "PAUSED"):
        return None
    if row.wait_key is None:
        return "time" if row.wake_at is not None else "children"
    return "send" if row.wait_key.startswith("send") else "reply"


def _run(connection: Connection, tenant_id: int, run_id: int) -> Row[*tuple[Any, ...]]:
    row = repository.run(connection, tenant_id, run_id)
    if row is None:
        raise NotFound("There is no such run.", hint="Look at the list of runs.")
    return row


# --------------------------------------------------------------------------- moving


def is_busy(session: Session, tenant_id: int, run_id: int) -> bool:
    """Whether a worker has it in its hands this very moment."""
    return repository.status(session.connection(), tenant_id, run_id) == RunStatus.RUNNING


def cancel(session: Session, tenant_id: int, run_id: int, now: datetime) -> dict[str, Any]:
    """End a run and what it started; messages that have not left are taken back.

    Raises: NotFound, Conflict when it has ended or belongs to a campaign.
    """
    connection, row = session.connection(), _own(session, tenant_id, run_id)
    family = repository.family(connection, tenant_id, run_id)
    repository.cancel(connection, tenant_id, family, now)
    if row.parent_id is not None:
        claims.ring_parents(connection, {row.parent_id}, now)
    ring_after(session, RING)
    return get(session, tenant_id, run_id)


def pause(session: Session, tenant_id: int, run_id: int) -> dict[str, Any]:
    """Hold a run and what it started where they stand. Raises: NotFound, Conflict."""
    _own(session, tenant_id, run_id)
    connection = session.connection()
    repository.pause(connection, tenant_id, repository.family(connection, tenant_id, run_id))
    return get(session, tenant_id, run_id)


def resume(session: Session, tenant_id: int, run_id: int, now: datetime) -> dict[str, Any]:
    """Go on; a time that has passed meanwhile is due at once. Raises: NotFound, Conflict."""
    row = _own(session, tenant_id, run_id)
    if row.status != RunStatus.PAUSED and row.desired_state != RunStatus.PAUSED:
        raise Conflict("This run is not paused.", code="not_paused")
    connection = session.connection()
    repository.resume(connection, tenant_id, repository.family(connection, tenant_id, run_id), now)
    ring_after(session, RING)
    return get(session, tenant_id, run_id)


def revive(session: Session, tenant_id: int, run_id: int, now: datetime) -> dict[str, Any]:
    """Let a DEAD run go on where it stood. Raises: NotFound, Conflict."""
    row = _run(session.connection(), tenant_id, run_id)
    _require_no_campaign(row, "Retry its failed recipients in the campaign.")
    if not repository.revive(session.connection(), tenant_id, run_id, now):
        raise Conflict(
            "Only a run that is stuck can be retried.",
            code="not_dead",
            hint="Replay it instead: that makes a new run.",
        )
    ring_after(session, RING)
    return get(session, tenant_id, run_id)


def _own(session: Session, tenant_id: int, run_id: int) -> Row[*tuple[Any, ...]]:
    row = _run(session.connection(), tenant_id, run_id)
    _require_no_campaign(row, "Pause, resume or cancel the campaign.")
    if row.status in claims.TERMINAL:
        raise Conflict(
            f"This run has ended ({row.status}).", code="run_ended", hint="Replay it instead."
        )
    return row


def _require_no_campaign(row: Row[*tuple[Any, ...]], hint: str) -> None:
    if row.campaign_id is not None:
        raise Conflict("This run belongs to a campaign.", code="run_of_campaign", hint=hint)


def _broken(error: Exception) -> Conflict:
    return Conflict(
        f"The published flow can't run: {error}"[:300],
        code="flow_broken",
        hint="Mend the flow and publish it again.",
    )


def dead(session: Session, tenant_id: int, after: int | None, limit: int) -> Sequence[Any]:
    """Runs that ended their workers again and again, with what they were given."""
    return page(session, tenant_id, {"status": RunStatus.DEAD.value}, after, limit)
