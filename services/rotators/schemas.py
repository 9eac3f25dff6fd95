"""What the routes of links take and answer."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.rotation import MAX_WEIGHT
from services.kit.http import In, Out
from services.kit.plain_text import line_of_text
from services.rotators.words import SLUG, RotationType

TARGETS_MOST = 100

Slug = Annotated[str, Field(pattern=SLUG, description="Small letters, digits and hyphens.")]
Name = Annotated[str, Field(max_length=255), AfterValidator(line_of_text)]
Hours = Annotated[
    dict[str, Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=10)]],
    Field(max_length=10, description='"mon-fri": ["08:00-17:00"], on the account\'s wall clock.'),
]


class TargetIn(In):
    """A number that takes visitors."""

    phone: Annotated[str, Field(min_length=1, max_length=64)]
    weight: Annotated[int, Field(ge=0, le=MAX_WEIGHT)] = 1
    device: Annotated[str, Field(min_length=1, max_length=54)] | None = None
    hours: Hours | None = None
    label: Annotated[str, Field(max_length=100)] = ""


class RotatorIn(In):
    slug: Slug
    name: Name | None = None
    target_numbers: Annotated[list[TargetIn], Field(max_length=TARGETS_MOST)] = Field(
        default_factory=list
    )
    default_message: Annotated[str, Field(max_length=500)] = ""
    rotation_type: RotationType = RotationType.SEQUENTIAL
    fallback_phone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    closed_text: Annotated[str, Field(max_length=500)] | None = None
    with_code: bool = True
    flow_id: int | None = None
    """An inline flow of the account that answers instead of the numbers."""
    is_active: bool = True


class RotatorPatch(In):
    """Only what is sent changes."""

    slug: Slug | None = None
    name: Name | None = None
    target_numbers: Annotated[list[TargetIn], Field(max_length=TARGETS_MOST)] | None = None
    default_message: Annotated[str, Field(max_length=500)] | None = None
    rotation_type: RotationType | None = None
    fallback_phone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    closed_text: Annotated[str, Field(max_length=500)] | None = None
    with_code: bool | None = None
    flow_id: int | None = None
    is_active: bool | None = None


class TargetOut(Out):
    phone: str
    weight: int
    device: str | None
    hours: dict[str, list[str]] | None
    label: str


class RotatorOut(Out):
    """`click_count` holds the clicks that count: no previews, no robots."""

    id: int
    slug: str
    url: str
    name: str | None
    target_numbers: list[TargetOut]
    default_message: str
    rotation_type: RotationType
    fallback_phone: str | None
    closed_text: str | None
    with_code: bool
    flow_version_id: int | None
    click_count: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


class RotatorPage(Out):
    items: list[RotatorOut]
    next: int | None


class NumberStats(Out):
    phone: str
    label: str
    clicks: int
    chats: int


class SourceStats(Out):
    """`source` is the label of a printed code, else utm_source, else empty."""

    source: str
    clicks: int
    chats: int


class HourStats(Out):
    hour: int
    clicks: int


class DayStats(Out):
    day: str
    clicks: int


class RotatorStats(Out):
    """Clicks of a stretch of time. Days and hours are the account's local ones.

    `visitors` counts a person once a day; `chats` those whose first message came in; `previews`
    what previews and robots asked for, which `clicks` leaves out.
    """

    since: datetime
    until: datetime
    clicks: int
    visitors: int
    chats: int
    previews: int
    numbers: list[NumberStats]
    sources: list[SourceStats]
    days: list[DayStats]
    hours: list[HourStats]
