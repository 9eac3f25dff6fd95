"""What the routes of the blacklist take and answer."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.blacklist.reasons import Reason
from services.kit.http import In, Out


class EntryIn(In):
    phone: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Reason = Reason.MANUAL
    note: Annotated[str, Field(max_length=1000)] | None = None


class EntryOut(Out):
    id: int
    phone: str
    reason: Reason
    source_message: str | None
    created_at: datetime


class EntryPage(Out):
    items: list[EntryOut]
    next: int | None
