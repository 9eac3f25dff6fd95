"""What the routes of contacts take and answer."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from domain.zones import UnknownZone, zone_name
from services.contacts.service import Person
from services.kit.http import In, Out
from services.kit.plain_text import line_of_text

Name = Annotated[str, Field(max_length=100)]
Tag = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(line_of_text)]
Tags = Annotated[list[Tag], Field(max_length=100)]
FieldName = Annotated[str, Field(min_length=1, max_length=60)]
FieldValue = Annotated[str, Field(max_length=1000)]


def _zone(value: str) -> str:
    """A real zone by its full name. A cleared field is no zone: it is kept empty."""
    if not value:
        return value
    try:
        return zone_name(value)
    except UnknownZone as error:
        raise PydanticCustomError(
            "unknown_zone",
            "There is no such time zone. Write WIB, WITA, WIT or a name like Asia/Jakarta.",
        ) from error


Zone = Annotated[str, Field(max_length=40), AfterValidator(_zone)]


class ContactIn(In):
    phone: Annotated[str, Field(min_length=1, max_length=64)]
    name: Name = ""
    tags: Tags = Field(default_factory=list)
    fields: Annotated[dict[FieldName, FieldValue], Field(max_length=100)] = Field(
        default_factory=dict
    )


class ContactPatch(In):
    """What is left out stays. `tags` replaces all tags; a field set to null is removed."""

    name: Name | None = None
    zone: Zone | None = None
    is_active: bool | None = None
    tags: Tags | None = None
    fields: Annotated[dict[FieldName, FieldValue | None], Field(max_length=100)] | None = None


class ContactOut(Out):
    id: int
    phone: str | None
    name: str | None
    source: str | None
    tags: list[str]
    fields: dict[str, Any]
    zone: str | None
    is_active: bool
    last_inbound_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, person: Person) -> "ContactOut":
        contact = person.contact
        return cls(
            id=contact.id,
            phone=contact.phone,
            name=contact.name,
            source=contact.source,
            tags=list(person.tags),
            fields=contact.fields,
            zone=contact.zone,
            is_active=contact.is_active,
            last_inbound_at=contact.last_inbound_at,
            created_at=contact.created_at,
            updated_at=contact.updated_at,
        )


class ContactPage(Out):
    items: list[ContactOut]
    next: int | None


class TagIn(In):
    name: Tag
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None


class TagOut(Out):
    id: int
    name: str
    color: str
    contacts: int


class ImportOut(Out):
    """`totals`: created, updated, unchanged, merged, blank, rejected, rejected_by_reason."""

    id: int
    filename: str
    status: str
    error: str | None
    rows: int
    totals: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


class RejectionOut(Out):
    row: int
    reason: str
    raw: str


class RejectionPage(Out):
    items: list[RejectionOut]
    next: int | None
