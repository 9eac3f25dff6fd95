"""/campaigns: write, start, pause, resume and watch a broadcast."""

from typing import Annotated, Any, Literal

from fastapi import Header, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from domain.states import CampaignStatus, LogStatus
from services.accounts import service as accounts
from services.campaigns import report, service
from services.campaigns.models import Campaign
from services.campaigns.schemas import (
    CampaignIn,
    CampaignOut,
    CampaignPage,
    CampaignPatch,
    LogOut,
    LogPage,
    StatsOut,
)
from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, PageAsked, ReadDb, Router
from services.kit.idempotency import once

router = Router(prefix="/campaigns", tags=["campaigns"])
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key")]


@router.get("", dependencies=[ANYBODY])
def list_campaigns(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    status: Annotated[CampaignStatus | None, Query()] = None,
) -> CampaignPage:
    """The tenant's campaigns, newest first."""
    wanted = None if status is None else status.value
    found = service.list_campaigns(session, member.tenant_id, page.after, page.limit, wanted)
    return CampaignPage(
        items=[CampaignOut.model_validate(one) for one in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post("", dependencies=[MANAGERS], status_code=201, response_model=CampaignOut)
def create(given: CampaignIn, member: CurrentMember, app: App, session: Db) -> Campaign:
    """Write a draft. Its random choices are drawn now: what the preview shows is what is sent."""
    new = service.NewCampaign(**given.model_dump(), created_by=member.user_id)
    return service.create(session, app.flows, member.tenant_id, new, app.clock.now())


@router.get("/{campaign_id}", dependencies=[ANYBODY], response_model=CampaignOut)
def get(campaign_id: int, member: CurrentMember, session: ReadDb) -> Campaign:
    """One campaign."""
    return service.get(session, member.tenant_id, campaign_id)


@router.patch("/{campaign_id}", dependencies=[MANAGERS], response_model=CampaignOut)
def change(
    campaign_id: int, given: CampaignPatch, member: CurrentMember, app: App, session: Db
) -> Campaign:
    """Change a draft."""
    return service.update(
        session,
        app.flows,
        member.tenant_id,
        campaign_id,
        given.name,
        given.params,
        app.clock.now(),
    )


@router.delete("/{campaign_id}", dependencies=[MANAGERS], status_code=204)
def delete(campaign_id: int, member: CurrentMember, session: Db) -> None:
    """Delete a draft."""
    service.delete(session, member.tenant_id, campaign_id)


@router.post("/{campaign_id}/start", dependencies=[MANAGERS], response_model=CampaignOut)
def start(
    campaign_id: int,
    member: CurrentMember,
    app: App,
    session: Db,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Begin sending. With an Idempotency-Key, sending the request again changes nothing."""
    now = app.clock.now()

    def act() -> dict[str, Any]:
        campaign = service.start(session, member.tenant_id, campaign_id, now, app.flows)
        return CampaignOut.model_validate(campaign).model_dump(mode="json")

    return once(session, member.tenant_id, key, ["campaign.start", campaign_id], now, act)


@router.post("/{campaign_id}/pause", dependencies=[MANAGERS], response_model=CampaignOut)
def pause(campaign_id: int, member: CurrentMember, app: App, session: Db) -> Campaign:
    """Stop handing messages to the devices. Messages a device already has still go out."""
    return service.pause(session, member.tenant_id, campaign_id, app.clock.now())


@router.post("/{campaign_id}/resume", dependencies=[MANAGERS], response_model=CampaignOut)
def resume(campaign_id: int, member: CurrentMember, app: App, session: Db) -> Campaign:
    """Go on where it stood, with the pauses between messages kept."""
    return service.resume(session, member.tenant_id, campaign_id, app.clock.now())


@router.post("/{campaign_id}/cancel", dependencies=[MANAGERS], response_model=CampaignOut)
def cancel(campaign_id: int, member: CurrentMember, app: App, session: Db) -> Campaign:
    """End it for good. What has not left yet stays unsent."""
    return service.cancel(session, member.tenant_id, campaign_id, app.clock.now())


@router.get("/{campaign_id}/stats", dependencies=[ANYBODY], response_model=StatsOut)
def stats(campaign_id: int, member: CurrentMember, app: App, session: ReadDb) -> service.Stats:
    """How many recipients are in which state, and how fast it goes."""
    return service.stats(session, member.tenant_id, campaign_id, app.clock.now())


@router.get("/{campaign_id}/logs", dependencies=[ANYBODY])
def logs(
    campaign_id: int,
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    status: Annotated[LogStatus | None, Query()] = None,
) -> LogPage:
    """The recipients, one row each, in the order they were chosen."""
    wanted = None if status is None else status.value
    found = service.logs(session, member.tenant_id, campaign_id, page.after, page.limit, wanted)
    return LogPage(
        items=[LogOut.model_validate(one) for one in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.get("/{campaign_id}/report", dependencies=[ANYBODY], response_class=Response)
def get_report(
    campaign_id: int,
    member: CurrentMember,
    app: App,
    session: ReadDb,
    form: Annotated[Literal["csv", "text"], Query(alias="format")] = "csv",
) -> Response:
    """A file: every recipient with state and reason (csv), or the sums (text)."""
    service.get(session, member.tenant_id, campaign_id)
    tenant, _ = accounts.profile(session, member.tenant_id, None)
    if form == "text":
        return PlainTextResponse(
            report.text(app.database, member.tenant_id, campaign_id, app.clock.now(), tenant.zone)
        )
    name = f"campaign-{campaign_id}.csv"
    return StreamingResponse(
        report.csv_chunks(app.database, member.tenant_id, campaign_id, tenant.zone),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
