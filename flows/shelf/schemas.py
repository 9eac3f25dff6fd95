"""What the routes of templates take and answer."""

from typing import Annotated, Any, Self

from pydantic import Field

from flows.shelf.service import Template, Update
from services.kit.http import In, Out

Name = Annotated[str, Field(min_length=1, max_length=120)]


class TemplateIn(In):
    """A flow that becomes a template."""

    flow_id: int = Field(ge=1)
    name: Name | None = None
    description: Annotated[str, Field(max_length=500)] | None = None


class InstanceIn(In):
    """What a flow made from a template is called, and its parameters."""

    slug: Annotated[str, Field(max_length=40)] | None = None
    name: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class TemplateItem(Out):
    key: str
    name: str
    description: str
    kind: str
    tags: list[str]
    params: dict[str, Any] | None
    content_hash: str

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(
            key=template.key,
            name=template.name,
            description=template.description,
            kind=template.kind,
            tags=list(template.tags),
            params=None if template.params is None else dict(template.params),
            content_hash=template.content_hash,
        )


class TemplateOut(TemplateItem):
    source: str
    document: dict[str, Any]

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(
            **dict(TemplateItem.of(template)),
            source=template.source,
            document=dict(template.document),
        )


class UpdateOut(Out):
    """Whether the flow's template has something new, and what."""

    available: bool
    template: str | None
    diff: dict[str, Any] | None

    @classmethod
    def of(cls, update: Update | None) -> Self:
        if update is None:
            return cls(available=False, template=None, diff=None)
        return cls(available=True, template=update.template.key, diff=update.diff.as_json())
