"""What the routes of outgoing webhooks take and answer."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.kit.http import In, Out


class EndpointIn(In):
    url: str = Field(min_length=8, max_length=500)
    description: str = Field("", max_length=200)
    events: list[str] = Field(
        default_factory=list, max_length=50, description="Names of events; empty: all of them."
    )


class EndpointPatch(In):
    url: str | None = Field(None, min_length=8, max_length=500)
    description: str | None = Field(None, max_length=200)
    events: list[str] | None = Field(None, max_length=50)
    is_on: bool | None = None


class EndpointOut(Out):
    id: int
    url: str
    description: str
    events: list[str]
    is_active: bool
    disabled_reason: str | None
    failures_in_row: int
    created_at: datetime
    updated_at: datetime


class NewEndpointOut(EndpointOut):
    signing_key: str
    """Told once: with it the receiver checks `webhook-signature` (standardwebhooks.com)."""


class KeyOut(Out):
    signing_key: str


class DeliveryOut(Out):
    id: int
    event_id: str
    event: str
    body: dict[str, Any]
    status: Literal["PENDING", "SENDING", "DELIVERED", "GIVEN_UP"]
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


class DeliveryPage(Out):
    items: list[DeliveryOut]
    next: int | None


class ReplayOut(Out):
    replayed: int


class EventOut(Out):
    name: str
    description: str
