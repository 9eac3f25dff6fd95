"""What the routes of runs take and answer."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.kit.http import In, Out

RunStatusWord = Literal[
    "QUEUED",
    "RUNNING",
    "WAITING",
    "PAUSED",
    "SUCCEEDED",
    "PARTIAL",
    "FAILED",
    "CANCELLED",
    "DEAD",
]
WAIT_MOST_S = 30.0


class StartIn(In):
    """Start a published flow. `trigger` names the way in when the flow has several."""

    model_config = In.model_config | {"str_strip_whitespace": False}

    inputs: dict[str, Any] = Field(default_factory=dict, description="What the flow asks for.")
    trigger: str | None = Field(None, max_length=40)
    event: dict[str, Any] = Field(
        default_factory=dict, description="The event, for a way in that is not `manual`."
    )
    wait_s: float = Field(0.0, ge=0, le=WAIT_MOST_S, description="Wait so long for the result.")


class StartedOut(Out):
    """`outputs` are the flow's own, once it has ended well within the wait."""

    run_id: int
    status: RunStatusWord
    reason: str | None
    outputs: dict[str, Any]


class RunItem(Out):
    id: int
    flow_id: int | None
    flow_name: str | None
    flow_version_id: int
    campaign_id: int | None
    chat_session_id: int | None
    parent_id: int | None
    item_key: str | None
    replay_of: int | None
    trigger: str
    mode: str
    kind: str
    status: RunStatusWord
    wanted: str | None
    """PAUSED or CANCELLED while somebody asked for it and the run has not obeyed yet."""
    reason: str | None
    waits_for: str | None
    """time, reply, send or children (elements, called flows); None when it does not wait."""
    wake_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunPage(Out):
    items: list[RunItem]
    next: int | None


class RunOut(RunItem):
    at: str | None
    """The node it stands at."""
    trigger_values: dict[str, Any]
    inputs: dict[str, Any]
    vars: dict[str, Any]
    outputs: dict[str, Any]
    error: dict[str, Any] | None
    trace: list[dict[str, Any]]
    children: dict[str, int]


class ReplayIn(In):
    """From where: the id of a step in the trace; None: from the start."""

    step: str | None = Field(None, max_length=40)


class ReplayOut(Out):
    run_id: int
    replay_of: int
    step: str | None
    pinned: list[str]
    """Steps that keep what they found out and are not run again."""
