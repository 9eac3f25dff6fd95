"""Queries of flows and their versions."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.models import Flow, FlowVersion


def flows(session: Session, tenant_id: int, after: int | None, limit: int) -> Sequence[Flow]:
    """Newest first, from below the id `after`."""
    query = select(Flow).where(Flow.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Flow.id < after)
    return session.scalars(query.order_by(Flow.id.desc()).limit(limit)).all()


def flow(session: Session, tenant_id: int, flow_id: int) -> Flow | None:
    return session.scalar(select(Flow).where(Flow.tenant_id == tenant_id, Flow.id == flow_id))


def flow_by_slug(session: Session, tenant_id: int, slug: str) -> Flow | None:
    return session.scalar(select(Flow).where(Flow.tenant_id == tenant_id, Flow.slug == slug))


def versions(session: Session, tenant_id: int, flow_id: int) -> Sequence[FlowVersion]:
    return session.scalars(
        select(FlowVersion)
        .where(FlowVersion.tenant_id == tenant_id, FlowVersion.flow_id == flow_id)
        .order_by(FlowVersion.number.desc())
    ).all()


def version(session: Session, tenant_id: int, version_id: int) -> FlowVersion | None:
    return session.scalar(
        select(FlowVersion).where(FlowVersion.tenant_id == tenant_id, FlowVersion.id == version_id)
    )


def version_by_hash(
    session: Session, tenant_id: int, flow_id: int, content_hash: str
) -> FlowVersion | None:
    return session.scalar(
        select(FlowVersion).where(
            FlowVersion.tenant_id == tenant_id,
            FlowVersion.flow_id == flow_id,
            FlowVersion.content_hash == content_hash,
        )
    )


def last_number(session: Session, tenant_id: int, flow_id: int) -> int:
    return (
        session.scalar(
            select(func.max(FlowVersion.number)).where(
                FlowVersion.tenant_id == tenant_id, FlowVersion.flow_id == flow_id
            )
        )
        or 0
    )
