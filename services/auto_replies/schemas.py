"""What the routes of keyword rules take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.keywords import Need
from services.auto_replies.words import Action, MatchType, Once
from services.kit.http import ID_MOST, In, Out

KEYWORDS_MOST = 100
REPLY_CHARS_MOST = 10_000
COOLDOWN_MOST_S = 90 * 24 * 3600
PRIORITY_MOST = 1_000_000

FirstKeyword = Annotated[str, Field(min_length=1, max_length=100)]
Keyword = Annotated[str, Field(min_length=1, max_length=256)]
Keywords = Annotated[list[Keyword], Field(max_length=KEYWORDS_MOST)]
Name = Annotated[str, Field(max_length=100)]
Reply = Annotated[str, Field(max_length=REPLY_CHARS_MOST)]
Reference = Annotated[str, Field(min_length=1, max_length=200)]
Devices = Annotated[list[Annotated[str, Field(min_length=1, max_length=54)]], Field(max_length=100)]
CooldownS = Annotated[int, Field(ge=0, le=COOLDOWN_MOST_S)]
Priority = Annotated[int, Field(ge=-PRIORITY_MOST, le=PRIORITY_MOST)]
Hours = Annotated[
    dict[str, Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=10)]],
    Field(max_length=10, description='"mon-fri": ["08:00-17:00"], on the account\'s wall clock.'),
]


class ScheduleIn(In):
    """When a rule listens; what is left out limits nothing. Days are the account's, both count."""

    hours: Hours | None = None
    first_day: Annotated[date | None, Field(alias="from")] = None
    last_day: Annotated[date | None, Field(alias="until")] = None


class RuleIn(In):
    name: Name = ""
    keyword: FirstKeyword
    keywords: Keywords = Field(default_factory=list)
    unless: Keywords = Field(default_factory=list)
    need: Need = Need.ANY
    match_type: MatchType = MatchType.CONTAINS
    response_text: Reply = ""
    media_url: Reference | None = None
    devices: Devices = Field(default_factory=list)
    schedule: ScheduleIn = Field(default_factory=ScheduleIn)
    cooldown_s: CooldownS = 0
    once: Once = Once.NO
    goes_on: bool = False
    action: Action = Action.REPLY
    is_active: bool = True
    priority: Priority = 0


class RulePatch(In):
    """Only what is sent changes; `media_url: null` takes the file away."""

    name: Name | None = None
    keyword: FirstKeyword | None = None
    keywords: Keywords | None = None
    unless: Keywords | None = None
    need: Need | None = None
    match_type: MatchType | None = None
    response_text: Reply | None = None
    media_url: Reference | None = None
    devices: Devices | None = None
    schedule: ScheduleIn | None = None
    cooldown_s: CooldownS | None = None
    once: Once | None = None
    goes_on: bool | None = None
    action: Action | None = None
    is_active: bool | None = None
    priority: Priority | None = None

    @model_validator(mode="after")
    def _only_media_may_be_nothing(self) -> Self:
        for name in self.model_fields_set - {"media_url"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null; leave it out.", {"name": name, "within": name}
                )
        return self


class ToggleIn(In):
    """`active` left out: the opposite of what it is."""

    active: bool | None = None


class RuleOut(Out):
    id: int
    name: str
    keyword: str
    keywords: list[str]
    unless: list[str]
    need: str
    match_type: str
    response_text: str
    media_url: str | None
    media_type: str | None
    devices: list[str]
    schedule: dict[str, object]
    cooldown_s: int
    once: str
    goes_on: bool
    action: str
    is_active: bool
    priority: int
    created_at: datetime
    updated_at: datetime


class RulePage(Out):
    items: list[RuleOut]
    next: int | None


class TrialIn(In):
    """A message to try the rules on; nothing is sent and nothing is noted."""

    text: Annotated[str, Field(max_length=20_000)]
    device: Annotated[str, Field(min_length=1, max_length=54)] | None = None
    contact_id: Annotated[int, Field(ge=1, le=ID_MOST)] | None = None
    at: AwareDatetime | None = None


class RulingOut(Out):
    """What a rule says to the message. `why_not` is null where it answers."""

    id: int
    name: str
    keyword: str
    found: str
    reply: str
    media: str | None
    action: Literal["reply", "handover"]
    why_not: str | None


class TrialOut(Out):
    """`read_as`: the message as rules compare it. `example`: one way the answer may read."""

    read_as: str
    example: str | None
    applied: list[RulingOut]
    matched_too: list[RulingOut]
