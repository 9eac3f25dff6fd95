"""What the routes of flows take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from flows.limits import TEXT_BYTES_MAX
from flows.publishing import VERSION_MOST
from services.kit.http import In, Out

Text = Annotated[str, Field(max_length=TEXT_BYTES_MAX)]


class FlowIn(In):
    """The document: its text (YAML or JSON), or as an object."""

    source: Text | None = None
    document: dict[str, Any] | None = None

    model_config = In.model_config | {"str_strip_whitespace": False}

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        if (self.source is None) == (self.document is None):
            raise ValueError("send either `source` (text) or `document` (object)")
        return self


class FlowItem(Out):
    id: int
    slug: str
    name: str
    kind: str
    revision: int
    published_version_id: int | None
    is_active: bool
    template: str | None
    created_at: datetime
    updated_at: datetime


class FlowOut(FlowItem):
    source: str
    params: dict[str, Any] | None


class FlowDetail(FlowOut):
    """With what takes a look at its version and its template."""

    is_published_as_it_is: bool
    has_update: bool


class ConfigureIn(In):
    """Switch a flow on or off, fill in its parameters."""

    is_active: bool | None = None
    params: dict[str, Any] | None = None


class PublishIn(In):
    despite: Annotated[str, Field(max_length=300)] = ""
    """Why it is published although test cases fail."""


class RollbackIn(In):
    version: int = Field(ge=1, le=VERSION_MOST)
    with_draft: bool = False
    """Put the version's text back into the draft as well."""


class DraftIn(In):
    """A text that is tried instead of the saved draft; nothing for the draft."""

    source: Text | None = None
    document: dict[str, Any] | None = None

    model_config = In.model_config | {"str_strip_whitespace": False}


class SimulateIn(DraftIn):
    """What a flow is tried with.

    `world` holds contacts, devices, blocked, tenant, segments, pictures, rules, done, ai, flows;
    `context` the roots of the scope (contact, chat, tenant), and, as in a test case, parts of the
    world and `answers` too: what `world` and `answers` say goes before them. `inputs` are checked
    as when the flow is started.
    """

    trigger: Annotated[str, Field(max_length=40)] | None = None
    event: dict[str, Any] = Field(default_factory=dict)
    params: dict[str, Any] | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    world: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    pins: dict[str, dict[str, Any] | list[dict[str, Any]]] = Field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    seed: Annotated[str, Field(max_length=100)] | None = None
    now: datetime | None = None


class TestsOut(Out):
    passed: int
    failed: int
    cases: list[dict[str, Any]]


class ChangesOut(Out):
    """What leads from one text of a flow to another, by node."""

    before: str
    after: str
    diff: dict[str, Any]


class DryRunOut(Out):
    """What saving a text would change, and what is wrong with it."""

    report: "ReportOut"
    diff: dict[str, Any] | None


class FlowPage(Out):
    items: list[FlowItem]
    next: int | None


class VersionOut(Out):
    id: int
    flow_id: int
    number: int
    content_hash: str
    created_by: int | None
    created_at: datetime


class VersionDetail(VersionOut):
    source: str
    document: dict[str, Any]
    params: dict[str, Any] | None


class RangeOut(Out):
    line: int
    column: int
    end_line: int
    end_column: int


class ProblemOut(Out):
    severity: Literal["error", "warning"]
    code: str
    node: str | None
    path: str
    message: str
    hint: str
    range: RangeOut | None


class ReportOut(Out):
    ok: bool
    errors: int
    warnings: int
    problems: list[ProblemOut]
