"""What people may change about what starts a published flow."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows import repository as flows
from flows import triggers
from flows.models import Flow, Trigger
from services.kit.errors import Conflict, NotFound
from services.kit.secrets import Sealer

KEY_BYTES = 32


def page(
    session: Session,
    tenant_id: int,
    flow_id: int | None,
    kind: str | None,
    after: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Newest first, from below the id `after`."""
    query = _SHOWN.where(Trigger.tenant_id == tenant_id)
    if flow_id is not None:
        query = query.where(Trigger.flow_id == flow_id)
    if kind is not None:
        query = query.where(Trigger.type == kind)
    if after is not None:
        query = query.where(Trigger.id < after)
    found = session.execute(query.order_by(Trigger.id.desc()).limit(limit)).all()
    return [_shown(row.Trigger, row.flow_name) for row in found]


def get(session: Session, tenant_id: int, trigger_id: int) -> dict[str, Any]:
    """Raises: NotFound."""
    row = session.execute(
        _SHOWN.where(Trigger.tenant_id == tenant_id, Trigger.id == trigger_id)
    ).first()
    if row is None:
        raise NotFound("There is no such trigger.", hint="Look at the list of triggers.")
    return _shown(row.Trigger, row.flow_name)


_SHOWN = select(Trigger, Flow.name.label("flow_name")).join(Flow, Flow.id == Trigger.flow_id)


def _shown(row: Trigger, flow_name: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "flow_id": row.flow_id,
        "flow_name": flow_name,
        "flow_version_id": row.flow_version_id,
        "name": row.name,
        "type": row.type,
        "params": row.params,
        "position": row.position,
        "is_active": row.is_active,
        "is_on": row.is_on,
        "path": None if row.token is None else f"/hooks/{row.token}",
        "is_signed": row.secret_sealed is not None,
    }


def change(
    session: Session,
    tenant_id: int,
    trigger_id: int,
    now: datetime,
    *,
    is_on: bool | None,
    position: int | None,
) -> dict[str, Any]:
    """Switch one way in on or off, or move it in the order in which flows hear a message."""
    row = _row(session, tenant_id, trigger_id)
    if position is not None:
        row.position = position
    row.updated_at = now
    if is_on is not None and is_on != row.is_on:
        row.is_on = is_on
        session.flush()
        _follow(session, row, now)
    session.flush()
    return get(session, tenant_id, trigger_id)


def _follow(session: Session, row: Trigger, now: datetime) -> None:
    """Let the flow's rows say what is true now."""
    flow = flows.flow(session, row.tenant_id, row.flow_id)
    version = flows.version(session, row.tenant_id, row.flow_version_id)
    if flow is not None and version is not None:
        triggers.sync(session, flow, version, version.document, version.params, now)


def rotate(session: Session, tenant_id: int, trigger_id: int, now: datetime) -> dict[str, Any]:
    """Give a hook a new address; the old one is served for seconds at most."""
    row = _hook(session, tenant_id, trigger_id)
    row.token = secrets.token_urlsafe(triggers.TOKEN_BYTES)
    row.updated_at = now
    session.flush()
    return get(session, tenant_id, trigger_id)


def new_key(
    session: Session, sealer: Sealer, tenant_id: int, trigger_id: int, now: datetime
) -> str:
    """Ask for signatures from now on; the key is told this once."""
    row = _hook(session, tenant_id, trigger_id)
    key = secrets.token_urlsafe(KEY_BYTES)
    row.secret_sealed = sealer.seal(key)
    row.updated_at = now
    session.flush()
    return key


def no_key(session: Session, tenant_id: int, trigger_id: int, now: datetime) -> None:
    """Ask for no signature any more."""
    row = _hook(session, tenant_id, trigger_id)
    row.secret_sealed = None
    row.updated_at = now
    session.flush()


def _hook(session: Session, tenant_id: int, trigger_id: int) -> Trigger:
    row = _row(session, tenant_id, trigger_id)
    if row.type != triggers.WEBHOOK:
        raise Conflict("Only a webhook has an address.", code="no_hook")
    return row


def _row(session: Session, tenant_id: int, trigger_id: int) -> Trigger:
    row = session.scalar(
        select(Trigger).where(Trigger.tenant_id == tenant_id, Trigger.id == trigger_id)
    )
    if row is None:
        raise NotFound("There is no such trigger.", hint="Look at the list of triggers.")
    return row
