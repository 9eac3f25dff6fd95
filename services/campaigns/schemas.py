"""What the routes of campaigns take and answer."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from services.kit.http import ID_MOST, In, Out
from services.kit.plain_text import line_of_text

Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(line_of_text)]
RowId = Annotated[int, Field(ge=1, le=ID_MOST)]
Params = Annotated[dict[str, Any], Field(max_length=100)]


class CampaignIn(In):
    """Either `flow_id` (its published version) or `flow_version_id`; `params` as the flow asks."""

    name: Name
    flow_id: RowId | None = None
    flow_version_id: RowId | None = None
    params: Params = Field(default_factory=dict)
    skip_missing: bool = False

    model_config = In.model_config | {"str_strip_whitespace": False}


class CampaignPatch(In):
    name: Name | None = None
    params: Params | None = None

    model_config = In.model_config | {"str_strip_whitespace": False}


class CampaignOut(Out):
    id: int
    name: str
    flow_version_id: int | None
    params: dict[str, Any]
    message_template: str
    target_tags: list[str]
    skip_missing: bool
    status: str
    status_reason: str | None
    target_count: int
    sent_count: int
    failed_count: int
    delay_min: int
    delay_max: int
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CampaignPage(Out):
    items: list[CampaignOut]
    next: int | None


class LogOut(Out):
    id: int
    contact_id: int
    phone: str
    position: int
    status: str
    reason: str | None
    error_message: str | None
    device_id: int | None
    message_sent: str | None
    variant: str | None
    waha_message_id: str | None
    unconfirmed: bool
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None


class LogPage(Out):
    items: list[LogOut]
    next: int | None


class StatsOut(Out):
    """Shares are of the whole audience, 0 to 1."""

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
