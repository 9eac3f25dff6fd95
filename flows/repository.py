"""Queries of flows and their versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.models import Flow, FlowTemplate, FlowVersion, Schedule, Trigger


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flows a list shows; None for all of them."""

    kind: str | None = None
    text: str | None = None
    is_active: bool | None = None


def flows(
    session: Session, tenant_id: int, after: int | None, limit: int, wanted: Wanted
) -> Sequence[Flow]:
    """Newest first, from below the id `after`."""
    query = select(Flow).where(Flow.tenant_id == tenant_id, Flow.deleted_at.is_(None))
    if wanted.kind is not None:
        query = query.where(Flow.kind == wanted.kind)
    if wanted.is_active is not None:
        query = query.where(Flow.is_active == wanted.is_active)
    if wanted.text:
        query = query.where(
            Flow.name.icontains(wanted.text, autoescape=True)
            | Flow.slug.icontains(wanted.text, autoescape=True)
        )
    if after is not None:
        query = query.where(Flow.id < after)
    return session.scalars(query.order_by(Flow.id.desc()).limit(limit)).all()


def flow(session: Session, tenant_id: int, flow_id: int, *, to_change: bool = False) -> Flow | None:
    query = select(Flow).where(
        Flow.tenant_id == tenant_id, Flow.id == flow_id, Flow.deleted_at.is_(None)
    )
    return session.scalar(query.with_for_update() if to_change else query)


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


def version_by_number(
    session: Session, tenant_id: int, flow_id: int, number: int
) -> FlowVersion | None:
    return session.scalar(
        select(FlowVersion).where(
            FlowVersion.tenant_id == tenant_id,
            FlowVersion.flow_id == flow_id,
            FlowVersion.number == number,
        )
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


def templates(session: Session, tenant_id: int) -> Sequence[FlowTemplate]:
    """The tenant's own, newest first."""
    return session.scalars(
        select(FlowTemplate)
        .where(FlowTemplate.tenant_id == tenant_id)
        .order_by(FlowTemplate.id.desc())
    ).all()


def template(session: Session, tenant_id: int, template_id: int) -> FlowTemplate | None:
    return session.scalar(
        select(FlowTemplate).where(
            FlowTemplate.tenant_id == tenant_id, FlowTemplate.id == template_id
        )
    )


def template_by_slug(session: Session, tenant_id: int, slug: str) -> FlowTemplate | None:
    return session.scalar(
        select(FlowTemplate).where(FlowTemplate.tenant_id == tenant_id, FlowTemplate.slug == slug)
    )


def triggers_of(session: Session, tenant_id: int, flow_id: int) -> Sequence[Trigger]:
    """What starts a flow, in the order in which it is heard."""
    return session.scalars(
        select(Trigger)
        .where(Trigger.tenant_id == tenant_id, Trigger.flow_id == flow_id)
        .order_by(Trigger.position, Trigger.id)
    ).all()


def schedule_of(session: Session, tenant_id: int, trigger_id: int) -> Schedule | None:
    return session.scalar(
        select(Schedule).where(Schedule.tenant_id == tenant_id, Schedule.trigger_id == trigger_id)
    )
