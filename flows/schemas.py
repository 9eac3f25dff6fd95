"""What the routes of flows take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from flows.limits import TEXT_BYTES_MAX
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
    created_at: datetime
    updated_at: datetime


class FlowOut(FlowItem):
    source: str


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
