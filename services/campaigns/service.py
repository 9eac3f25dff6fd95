"""Campaigns: write one, start, pause, resume and cancel it, and see how it stands."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.states import CampaignStatus, LogStatus, may_move
from services.campaigns import repository
from services.campaigns.models import Campaign, CampaignLog
from services.contacts import audience
from services.kit import outbox
from services.kit.after_commit import ring_after
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound
from services.kit.ports import Flows
from services.messages import ledger

DELAY_MIN_S, DELAY_MAX_S = 5, 20
TAKE_EVENTS, SEND_DUE = "runtime.take_events", "runtime.send_due"
REACHED = (LogStatus.SENT, LogStatus.DELIVERED, LogStatus.READ)


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a campaign is made of. Either a flow (its published version) or one version of it."""

    name: str
    params: Mapping[str, Any]
    flow_id: int | None = None
    flow_version_id: int | None = None
    skip_missing: bool = False
    created_by: int | None = None


def create(
    session: Session, flows: Flows, tenant_id: int, new: NewCampaign, now: datetime
) -> Campaign:
    """A DRAFT with its seed drawn, bound to one version of its flow for its whole life.

    Raises: NotFound for another's flow, Conflict for one that is not published, Invalid with
    everything that is wrong with the parameters.
    """
    version_id = _version(session, flows, tenant_id, new)
    params = _filled(session, flows, tenant_id, version_id, new.params)
    campaign = Campaign(
        tenant_id=tenant_id,
        name=new.name,
        flow_version_id=version_id,
        seed=secrets.token_hex(16),
        status=CampaignStatus.DRAFT.value,
        skip_missing=new.skip_missing,
        pass_no=1,
        target_count=0,
        sent_count=0,
        failed_count=0,
        created_by=new.created_by,
        created_at=now,
        updated_at=now,
    )
    _set_params(campaign, params)
    session.add(campaign)
    session.flush()
    return campaign


def update(
    session: Session,
    flows: Flows,
    tenant_id: int,
    campaign_id: int,
    name: str | None,
    params: Mapping[str, Any] | None,
    now: datetime,
) -> Campaign:
    """Change a draft; what has started stays as it was when it started."""
    campaign = _mine(session, tenant_id, campaign_id, lock=True)
    if campaign.status != CampaignStatus.DRAFT:
        raise Conflict(
            f"This campaign is {campaign.status} and can't be changed any more.",
            code="wrong_state",
            hint="Make a new campaign from it.",
        )
    if name is not None:
        campaign.name = name
    if params is not None:
        assert campaign.flow_version_id is not None
        _set_params(campaign, _filled(session, flows, tenant_id, campaign.flow_version_id, params))
    campaign.updated_at = now
    session.flush()
    return campaign


def delete(session: Session, tenant_id: int, campaign_id: int) -> None:
    """Only a draft: what was sent stays visible, and people's history with it."""
    campaign = _mine(session, tenant_id, campaign_id, lock=True)
    if campaign.status != CampaignStatus.DRAFT:
        raise Conflict(
            f"This campaign is {campaign.status}: only drafts can be deleted.",
            code="wrong_state",
            hint="Cancel it if it should not go on; its report stays.",
        )
    session.delete(campaign)
    session.flush()


def get(session: Session, tenant_id: int, campaign_id: int) -> Campaign:
    return _mine(session, tenant_id, campaign_id)


def list_campaigns(
    session: Session, tenant_id: int, after: int | None, limit: int, status: str | None
) -> Sequence[Campaign]:
    return repository.campaigns(session, tenant_id, after, limit, status)


def logs(
    session: Session,
    tenant_id: int,
    campaign_id: int,
    after: int | None,
    limit: int,
    status: str | None,
) -> Sequence[CampaignLog]:
    _mine(session, tenant_id, campaign_id)
    return repository.logs(session, tenant_id, campaign_id, after, limit, status)


def start(
    session: Session,
    tenant_id: int,
    campaign_id: int,
    now: datetime,
    flows: Flows | None = None,
) -> Campaign:
    """Begin: the audience is frozen next, then the messages go out.

    With `flows`, the parameters are checked once more: the contacts and their fields may have
    changed since the draft was written.
    Raises: Conflict when it was started before, no device is paired, or nobody would get it;
    Invalid for parameters that are not right any more.
    """
    campaign = _mine(session, tenant_id, campaign_id, lock=True)
    _check_move(campaign, CampaignStatus.PREPARING, (CampaignStatus.DRAFT, CampaignStatus.PENDING))
    if campaign.flow_version_id is None:
        raise Conflict(
            "The flow of this campaign is not published.",
            code="flow_not_published",
            hint="Publish the flow, then start the campaign.",
        )
    if flows is not None:
        _filled(session, flows, tenant_id, campaign.flow_version_id, campaign.params)
    _check_devices(session, campaign)
    _check_audience(session, campaign)
    campaign.started_at = now
    return _moved(session, campaign, CampaignStatus.PREPARING, None, "campaign.started", now)


def pause(
    session: Session, tenant_id: int, campaign_id: int, now: datetime, reason: str = "by_person"
) -> Campaign:
    """Stop handing messages out; the one a device is sending right now still goes out."""
    campaign = _mine(session, tenant_id, campaign_id, lock=True)
    running = (CampaignStatus.PREPARING, CampaignStatus.PROCESSING)
    _check_move(campaign, CampaignStatus.PAUSED, running)
    return _moved(session, campaign, CampaignStatus.PAUSED, reason, "campaign.paused", now)


def resume(session: Session, tenant_id: int, campaign_id: int, now: datetime) -> Campaign:
    """Go on where it stood: with freezing the audience, if that was not done yet.

    The pauses between messages hold across it: a lane remembers when it may send next.
    """
    campaign = _mine(session, tenant_id, campaign_id, lock=True)
    is_frozen = campaign.target_count > 0
    target = CampaignStatus.PROCESSING if is_frozen else CampaignStatus.PREPARING
    _check_move(campaign, target, (CampaignStatus.PAUSED, CampaignStatus.HELD))
    if campaign.status == CampaignStatus.HELD and campaign.run_id is not None:
        raise Conflict(
            f"This campaign was held: {campaign.status_reason or 'its flow failed'}.",
            code="held",
            hint="Mend what held it and make a new campaign for those who are left.",
        )
    _check_devices(session, campaign)
    event = "campaign.resumed" if campaign.run_id is not None else "campaign.started"
    _moved(session, campaign, target, None, event, now)
    waiting = repository.waiting_devices(session, tenant_id, campaign_id)
    ledger.ring(session.connection(), waiting, now)
    return campaign


def cancel(session: Session, tenant_id: int, campaign_id: int, now: datetime) -> Campaign:
    """End it for good: nothing more is handed out; what has not left is taken back in steps."""
    campaign = _mine(session, tenant_id, campaign_id, lock=True)
    _check_move(campaign, CampaignStatus.CANCELLED, tuple(CampaignStatus))
    if campaign.run_id is None:
        campaign.completed_at = now
    return _moved(
        session, campaign, CampaignStatus.CANCELLED, "by_person", "campaign.cancelled", now
    )


@dataclass(frozen=True, slots=True)
class Stats:
    """How a campaign stands. Shares are of the whole audience, 0 to 1."""

    campaign_id: int
    status: str
    status_reason: str | None
    recipients: int
    by_state: dict[str, int]
    by_reason: dict[str, int]
    per_device: dict[str, int]
    reached: int
    share_done: float
    share_reached: float
    share_failed: float
    started_at: datetime | None
    completed_at: datetime | None
    per_minute: float | None


def stats(session: Session, tenant_id: int, campaign_id: int, now: datetime) -> Stats:
    """Counted from the recipients' rows, every state named."""
    campaign = _mine(session, tenant_id, campaign_id)
    by_state: Counter[str] = Counter({state.value: 0 for state in LogStatus})
    by_reason: Counter[str] = Counter()
    for row in repository.counts(session, tenant_id, campaign_id):
        by_state[row.status] += row.number
        if row.reason:
            by_reason[row.reason] += row.number
    total = by_state.total()
    recipients = max(campaign.target_count, total)
    reached = sum(by_state[state] for state in REACHED)
    left = by_state[LogStatus.QUEUED] + by_state[LogStatus.SENDING]
    per_device = repository.sent_per_device(session, tenant_id, campaign_id)
    return Stats(
        campaign_id=campaign.id,
        status=campaign.status,
        status_reason=campaign.status_reason,
        recipients=recipients,
        by_state=dict(by_state),
        by_reason=dict(by_reason.most_common()),
        per_device={row.session_name: row.number for row in per_device},
        reached=reached,
        share_done=_share(total - left, recipients),
        share_reached=_share(reached, recipients),
        share_failed=_share(by_state[LogStatus.FAILED], recipients),
        started_at=campaign.started_at,
        completed_at=campaign.completed_at,
        per_minute=_per_minute(campaign, reached, now),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _per_minute(campaign: Campaign, reached: int, now: datetime) -> float | None:
    if campaign.started_at is None:
        return None
    seconds = ((campaign.completed_at or now) - campaign.started_at).total_seconds()
    return round(reached / seconds * 60, 2) if seconds > 0 else None


# Checks


def _mine(session: Session, tenant_id: int, campaign_id: int, *, lock: bool = False) -> Campaign:
    campaign = repository.campaign(session, tenant_id, campaign_id, lock=lock)
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


def _version(session: Session, flows: Flows, tenant_id: int, new: NewCampaign) -> int:
    if (new.flow_id is None) == (new.flow_version_id is None):
        raise Invalid("Name one flow for the campaign.", hint="Send flow_id or flow_version_id.")
    if new.flow_version_id is not None:
        found = flows.version(session, tenant_id, new.flow_version_id)
        if found is None:
            raise NotFound("There is no such flow version.")
    else:
        assert new.flow_id is not None
        found = flows.published(session, tenant_id, new.flow_id)
        if found is None:
            raise Conflict(
                "This flow does not exist or is not published.",
                code="flow_not_published",
                hint="Publish the flow, then make the campaign.",
            )
    if found.kind != "broadcast":
        raise Invalid(
            f"'{found.name}' is a flow of the kind {found.kind}, not a broadcast.",
            code="not_a_broadcast",
            hint="Choose a flow that begins with Broadcast.",
        )
    return found.version_id


def _filled(
    session: Session, flows: Flows, tenant_id: int, version_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    filled, found = flows.fill(session, tenant_id, version_id, params)
    problems = list(found)
    if not any(one.field.startswith("params.delay_") for one in found):
        problems += _delay_problems(filled)
    if problems:
        raise Invalid(
            "Some parameters of the campaign are not right.",
            code="bad_params",
            hint="See `problems` for each of them.",
            problems=problems,
        )
    return filled


def _delay_problems(params: Mapping[str, Any]) -> list[FieldProblem]:
    shortest, longest = params.get("delay_min"), params.get("delay_max")
    if not isinstance(shortest, int | float) or not isinstance(longest, int | float):
        return []
    if shortest <= longest:
        return []
    return [
        FieldProblem(
            "params.delay_min",
            "The shortest pause is longer than the longest one.",
            "Swap the two values.",
        )
    ]


def _set_params(campaign: Campaign, params: Mapping[str, Any]) -> None:
    """The parameters, and those that lists and reports show as columns of their own."""
    campaign.params = dict(params)
    campaign.message_template = str(params.get("message") or "")
    campaign.target_tags = _tags(params)
    campaign.delay_min = _whole(params.get("delay_min"), DELAY_MIN_S)
    campaign.delay_max = _whole(params.get("delay_max"), DELAY_MAX_S)


def _whole(value: Any, default: int) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if is_number else default


def _tags(params: Mapping[str, Any]) -> list[str]:
    named = params.get("audience_tags") or params.get("audience_tag") or []
    return [named] if isinstance(named, str) else [str(tag) for tag in named]


def _check_move(
    campaign: Campaign, target: CampaignStatus, sources: tuple[CampaignStatus, ...]
) -> None:
    now = CampaignStatus(campaign.status)
    if now not in sources or not may_move(now, target):
        raise Conflict(
            f"This campaign is {now.value} and can't become {target.value}.",
            code="wrong_state",
            hint="Reload the page: somebody may have been faster.",
        )


def _check_devices(session: Session, campaign: Campaign) -> None:
    known = repository.devices(session, campaign.tenant_id)
    chosen = campaign.params.get("devices") or []
    names = {row.session_name for row in known}
    unknown = [str(name) for name in chosen if name not in names]
    if unknown:
        raise Conflict(
            f"There is no device '{unknown[0]}' any more.",
            code="unknown_device",
            hint="Choose the campaign's devices again.",
        )
    used = [row for row in known if not chosen or row.session_name in chosen]
    if any(row.status == "CONNECTED" and row.is_active_for_broadcast for row in used):
        return
    if not used:
        raise Conflict(
            "You have no device yet.",
            code="device_not_paired",
            hint="Add a device on the devices page and scan its QR code.",
        )
    if any(row.status == "CONNECTED" for row in used):
        raise Conflict(
            "None of the devices may send broadcasts.",
            code="device_not_active",
            hint="Switch broadcasting on for one of them on the devices page.",
        )
    shown = ", ".join((row.display_name or row.session_name) for row in used[:5])
    raise Conflict(
        f"No device of this campaign is paired with WhatsApp: {shown}.",
        code="device_not_paired",
        hint="Scan the QR code of at least one of them on the devices page.",
    )


def _check_audience(session: Session, campaign: Campaign) -> None:
    tags = _tags(campaign.params)
    if not tags:
        return  # the flow chooses its audience in another way
    selector = {"tags_any": tags}
    if audience.count(session.connection(), campaign.tenant_id, selector) == 0:
        named = ", ".join(f"'{tag}'" for tag in tags[:5])
        raise Conflict(
            f"Nobody would get this campaign: no active contact has the tag {named}.",
            code="audience_empty",
            hint="Choose another tag, or import contacts and give them this one.",
        )


def _moved(
    session: Session,
    campaign: Campaign,
    target: CampaignStatus,
    reason: str | None,
    event: str,
    now: datetime,
) -> Campaign:
    campaign.status = target.value
    campaign.status_reason = reason
    campaign.updated_at = now
    session.flush()
    outbox.publish(session, campaign.tenant_id, event, {"campaign_id": campaign.id}, now)
    ring_after(session, TAKE_EVENTS)
    ring_after(session, SEND_DUE)
    return campaign
