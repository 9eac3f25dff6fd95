"""/rotators: links that share their visitors among several numbers."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import AwareDatetime

from services.kit.http import (
    ANYBODY,
    MANAGERS,
    App,
    CurrentMember,
    Db,
    PageAsked,
    Parts,
    ReadDb,
    Router,
)
from services.rotators import qr, service
from services.rotators.models import LinkRotator
from services.rotators.schemas import (
    RotatorIn,
    RotatorOut,
    RotatorPage,
    RotatorPatch,
    RotatorStats,
    TargetOut,
)

router = Router(prefix="/rotators", tags=["rotators"])

Src = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z0-9._-]{1,60}$",
        description="Where the code hangs, such as `kasir`; counted apart.",
    ),
]
SizeMm = Annotated[int, Query(ge=qr.SIZE_MM_LEAST, le=qr.SIZE_MM_MOST)]


@router.get("", dependencies=[ANYBODY])
def list_rotators(page: PageAsked, member: CurrentMember, app: App, session: ReadDb) -> RotatorPage:
    """The account's links, newest first."""
    found = service.rotators(session, member.tenant_id, page.after, page.limit)
    return RotatorPage(
        items=[_told(app, row) for row in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post("", dependencies=[MANAGERS], status_code=201)
def create(given: RotatorIn, member: CurrentMember, app: App, session: Db) -> RotatorOut:
    """A new link; its address works within seconds. 409 when its name is taken on this server."""
    row = service.create(session, app.flows, member.tenant_id, given, app.clock.now())
    return _told(app, row)


@router.get("/{rotator_id}", dependencies=[ANYBODY])
def get(rotator_id: int, member: CurrentMember, app: App, session: ReadDb) -> RotatorOut:
    return _told(app, service.get(session, member.tenant_id, rotator_id))


@router.patch("/{rotator_id}", dependencies=[MANAGERS])
def change(
    rotator_id: int, given: RotatorPatch, member: CurrentMember, app: App, session: Db
) -> RotatorOut:
    """Change what is sent; printed codes stay good as long as the name stays."""
    row = service.change(session, app.flows, member.tenant_id, rotator_id, given, app.clock.now())
    return _told(app, row)


@router.delete("/{rotator_id}", dependencies=[MANAGERS], status_code=204)
def delete(rotator_id: int, member: CurrentMember, session: Db) -> None:
    """The link and its clicks are gone."""
    service.delete(session, member.tenant_id, rotator_id)


@router.get("/{rotator_id}/stats", dependencies=[ANYBODY])
def stats(
    rotator_id: int,
    member: CurrentMember,
    app: App,
    session: ReadDb,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> RotatorStats:
    """Clicks, visitors and chats by number, source, day and hour; the last 30 days by default."""
    return service.stats(session, member.tenant_id, rotator_id, since, until, app.clock.now())


@router.get(
    "/{rotator_id}/qr.png",
    dependencies=[ANYBODY],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def qr_png(
    rotator_id: int,
    member: CurrentMember,
    app: App,
    session: ReadDb,
    src: Src = None,
    size_mm: SizeMm = qr.SIZE_MM,
) -> Response:
    """The link as a QR code to print, about `size_mm` wide at 300 dots an inch."""
    row = service.get(session, member.tenant_id, rotator_id)
    text = qr.address(app.settings.api_url, row.slug, src)
    return Response(qr.png(text, size_mm), media_type="image/png")


@router.get(
    "/{rotator_id}/qr.svg",
    dependencies=[ANYBODY],
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}},
)
def qr_svg(
    rotator_id: int,
    member: CurrentMember,
    app: App,
    session: ReadDb,
    src: Src = None,
    size_mm: SizeMm = qr.SIZE_MM,
) -> Response:
    """The link as a QR code to print, exactly `size_mm` wide."""
    row = service.get(session, member.tenant_id, rotator_id)
    text = qr.address(app.settings.api_url, row.slug, src)
    return Response(qr.svg(text, size_mm), media_type="image/svg+xml")


def _told(app: Parts, row: LinkRotator) -> RotatorOut:
    return RotatorOut(
        id=row.id,
        slug=row.slug,
        url=qr.address(app.settings.api_url, row.slug, None),
        name=row.name,
        target_numbers=[TargetOut.model_validate(target) for target in row.target_numbers],
        default_message=row.default_message,
        rotation_type=row.rotation_type,
        fallback_phone=row.fallback_phone,
        closed_text=row.closed_text,
        with_code=row.with_code,
        flow_version_id=row.flow_version_id,
        click_count=row.click_count,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
