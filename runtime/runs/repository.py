"""Queries of runs, the tenant first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, case, func, select, update

from flows.models import Flow, FlowVersion
from runtime.claims import runs
from runtime.live.moved import moved
from services.messages.ledger import cancel_waiting

flows: Table = Flow.__table__  # type: ignore[assignment]
versions: Table = FlowVersion.__table__  # type: ignore[assignment]

IDLE = ("QUEUED", "WAITING", "PAUSED")
"""A run that nobody is working on, and that has not ended."""
GENERATIONS_MOST = 12
"""How deep elements, branches and called flows may stand below one another."""
LISTED = (
    runs.c.id,
    runs.c.flow_id,
    runs.c.flow_version_id,
    runs.c.campaign_id,
    runs.c.chat_session_id,
    runs.c.parent_id,
    runs.c.item_key,
    runs.c.replay_of,
    runs.c.trigger,
    runs.c.mode,
    runs.c.kind,
    runs.c.status,
    runs.c.desired_state,
    runs.c.reason,
    runs.c.attempt,
    runs.c.wake_at,
    runs.c.wait_key,
    runs.c.created_at,
    runs.c.started_at,
    runs.c.finished_at,
)
"""Everything but the large values: lists never read states and traces."""
FILTERS = ("flow_id", "status", "kind", "campaign_id", "chat_session_id", "parent_id", "replay_of")


def page(
    connection: Connection,
    tenant_id: int,
    wanted: Mapping[str, Any],
    after: int | None,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Newest first, from below the id `after`; elements and branches only of a named parent."""
    query = (
        select(*LISTED, flows.c.name.label("flow_name"))
        .outerjoin(flows, (flows.c.id == runs.c.flow_id) & (flows.c.tenant_id == tenant_id))
        .where(runs.c.tenant_id == tenant_id)
    )
    for name in FILTERS:
        if wanted.get(name) is not None:
            query = query.where(runs.c[name] == wanted[name])
    if wanted.get("parent_id") is None:
        query = query.where(runs.c.parent_id.is_(None))
    if after is not None:
        query = query.where(runs.c.id < after)
    return connection.execute(query.order_by(runs.c.id.desc()).limit(limit)).all()


def run(connection: Connection, tenant_id: int, run_id: int) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(runs, flows.c.name.label("flow_name"))
        .outerjoin(flows, (flows.c.id == runs.c.flow_id) & (flows.c.tenant_id == tenant_id))
        .where(runs.c.tenant_id == tenant_id, runs.c.id == run_id)
    ).first()


def result(connection: Connection, tenant_id: int, run_id: int) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(runs.c.id, runs.c.status, runs.c.reason, runs.c.state).where(
            runs.c.tenant_id == tenant_id, runs.c.id == run_id
        )
    ).first()


def status(connection: Connection, tenant_id: int, run_id: int) -> str | None:
    found: str | None = connection.execute(
        select(runs.c.status).where(runs.c.tenant_id == tenant_id, runs.c.id == run_id)
    ).scalar()
    return found


def children(connection: Connection, tenant_id: int, run_id: int) -> dict[str, int]:
    """How many elements and branches stand in each state."""
    found = connection.execute(
        select(runs.c.status, func.count())
        .where(runs.c.tenant_id == tenant_id, runs.c.parent_id == run_id)
        .group_by(runs.c.status)
    ).all()
    return {row[0]: row[1] for row in found}


def version(
    connection: Connection, tenant_id: int, version_id: int
) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(
            versions.c.id,
            versions.c.flow_id,
            versions.c.number,
            versions.c.document,
            versions.c.params,
        ).where(versions.c.tenant_id == tenant_id, versions.c.id == version_id)
    ).first()


def flow(connection: Connection, tenant_id: int, flow_id: int) -> Row[*tuple[Any, ...]] | None:
    return connection.execute(
        select(
            flows.c.id, flows.c.name, flows.c.kind, flows.c.published_version_id, flows.c.is_active
        ).where(flows.c.tenant_id == tenant_id, flows.c.id == flow_id, flows.c.deleted_at.is_(None))
    ).first()


def family(connection: Connection, tenant_id: int, run_id: int) -> list[int]:
    """A run and what it started, the run first."""
    found, generation = [run_id], [run_id]
    for _ in range(GENERATIONS_MOST):
        generation = list(
            connection.execute(
                select(runs.c.id).where(
                    runs.c.tenant_id == tenant_id, runs.c.parent_id.in_(generation)
                )
            ).scalars()
        )
        if not generation:
            break
        found += generation
    return found


def cancel(connection: Connection, tenant_id: int, ids: Sequence[int], now: datetime) -> None:
    """End what nobody works on; what is being worked on ends when it is looked at next."""
    moved(ids)
    _ask(connection, tenant_id, ids, "CANCELLED")
    connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.id.in_(ids), runs.c.status.in_(IDLE))
        .values(
            status="CANCELLED",
            reason="cancelled",
            finished_at=now,
            wake_at=None,
            wait_key=None,
            cursor=None,
            signal=None,
            epoch=runs.c.epoch + 1,
        )
    )
    for run_id in ids:
        cancel_waiting(connection, run_id)


def pause(connection: Connection, tenant_id: int, ids: Sequence[int]) -> None:
    """Hold what nobody works on where it stands; times and waits are kept."""
    moved(ids)
    _ask(connection, tenant_id, ids, "PAUSED")
    connection.execute(
        update(runs)
        .where(
            runs.c.tenant_id == tenant_id,
            runs.c.id.in_(ids),
            runs.c.status.in_(("QUEUED", "WAITING")),
        )
        .values(status="PAUSED", desired_state=None)
    )


def resume(connection: Connection, tenant_id: int, ids: Sequence[int], now: datetime) -> None:
    moved(ids)
    connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.id.in_(ids), runs.c.desired_state == "PAUSED")
        .values(desired_state=None)
    )
    connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.id.in_(ids), runs.c.status == "PAUSED")
        .values(
            status="WAITING",
            desired_state=None,
            # What waits for nothing is due at once; a wait for an event goes on waiting.
            wake_at=case(
                (runs.c.wait_key.is_(None), func.coalesce(runs.c.wake_at, now)),
                else_=runs.c.wake_at,
            ),
        )
    )


def revive(connection: Connection, tenant_id: int, run_id: int, now: datetime) -> bool:
    """Queue a DEAD run again where it stood.

    The one way back from an end, for a person to take. The same row: its messages are known by it,
    so that what went out before is not sent again.
    """
    moved([run_id])
    done = connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.id == run_id, runs.c.status == "DEAD")
        .values(
            status="QUEUED",
            reason=None,
            attempt=0,
            wake_at=now,
            finished_at=None,
            desired_state=None,
            epoch=runs.c.epoch + 1,
        )
    )
    return done.rowcount == 1


def _ask(connection: Connection, tenant_id: int, ids: Iterable[int], wanted: str) -> None:
    connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.id.in_(list(ids)), runs.c.status == "RUNNING")
        .values(desired_state=wanted)
    )
