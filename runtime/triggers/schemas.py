"""What the routes of triggers take and answer."""

from typing import Any

from pydantic import Field

from services.kit.http import In, Out

POSITION_MOST = 1_000_000


class TriggerOut(Out):
    id: int
    flow_id: int
    flow_name: str
    flow_version_id: int
    name: str
    type: str
    params: dict[str, Any]
    position: int
    """Which flow hears a message first: the smaller."""
    is_active: bool
    """Whether it starts runs now."""
    is_on: bool
    path: str | None
    """Of a webhook: where other programs post to. Whoever knows it can start the flow."""
    is_signed: bool
    """Whether calls must be signed."""


class TriggerPage(Out):
    items: list[TriggerOut]
    next: int | None


class TriggerPatch(In):
    is_on: bool | None = None
    position: int | None = Field(None, ge=0, le=POSITION_MOST)


class SigningKeyOut(Out):
    """Told once. Sign `timestamp.body` with it, HMAC-SHA256."""

    signing_key: str
