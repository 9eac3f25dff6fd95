"""Switching a flow on and off, filling it in, and taking it away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows import filling, repository, service, triggers
from flows.models import Flow
from flows.yaml_text import load
from services.kit.errors import Invalid


def configure(
    session: Session,
    tenant_id: int,
    flow_id: int,
    revision: int | None,
    now: datetime,
    *,
    is_active: bool | None = None,
    params: Mapping[str, Any] | None = None,
) -> Flow:
    """Switch a flow on or off, or fill its parameters; what is published keeps its old ones.

    Raises: Invalid with every wrong parameter, Conflict when somebody else saved meanwhile.
    """
    flow = service.get(session, tenant_id, flow_id, to_change=True)
    if revision is not None:
        service.expect(flow, revision)
    if params is not None:
        document = filling.readable(load(flow.source).document)
        filled, wrong = filling.fill(session, tenant_id, document, params)
        if wrong:
            raise Invalid("These parameters can't be used.", problems=list(wrong))
        flow.params = filled
        flow.revision += 1
    if is_active is not None and is_active != flow.is_active:
        flow.is_active = is_active
        _tell_triggers(session, flow, now)
    flow.updated_at = now
    session.flush()
    return flow


def delete(session: Session, tenant_id: int, flow_id: int, now: datetime) -> None:
    """Take a flow away: nothing starts it any more; runs under way end, their history stays."""
    flow = service.get(session, tenant_id, flow_id, to_change=True)
    flow.is_active = False
    flow.deleted_at = now
    _tell_triggers(session, flow, now)
    # Its id is free again, for another flow.
    flow.slug = f"{flow.slug[:40]}~{flow.id}"
    session.flush()


def _tell_triggers(session: Session, flow: Flow, now: datetime) -> None:
    if flow.published_version_id is None:
        return
    version = repository.version(session, flow.tenant_id, flow.published_version_id)
    if version is not None:
        triggers.sync(session, flow, version, version.document, version.params, now)
