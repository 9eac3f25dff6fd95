"""/blacklist: who must not be written to."""

from typing import Annotated

from fastapi import Query

from services.blacklist import service
from services.blacklist.models import Blacklisted
from services.blacklist.reasons import Reason
from services.blacklist.schemas import EntryIn, EntryOut, EntryPage
from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, PageAsked, ReadDb, Router

router = Router(prefix="/blacklist", tags=["blacklist"])


@router.get("", dependencies=[ANYBODY])
def list_entries(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    search: Annotated[str | None, Query(max_length=64)] = None,
    reason: Annotated[Reason | None, Query()] = None,
) -> EntryPage:
    """Newest first; `search` is the beginning of a number."""
    found = service.entries(session, member.tenant_id, page.after, page.limit, search, reason)
    return EntryPage(
        items=[EntryOut.model_validate(one) for one in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post("", dependencies=[MANAGERS], status_code=201, response_model=EntryOut)
def add(given: EntryIn, member: CurrentMember, app: App, session: Db) -> Blacklisted:
    """No broadcast reaches this phone or LID any more.

    MANUAL and SPAM_REPORT: no automatic answer either. UNSUBSCRIBE and BOUNCE: who writes first is
    answered.
    """
    return service.add(
        session, member.tenant_id, given.phone, given.reason, given.note, app.clock.now()
    )


@router.delete("/{phone}", dependencies=[MANAGERS], status_code=204)
def remove(phone: str, member: CurrentMember, session: Db) -> None:
    """Take a person off the list, by the phone or the LID."""
    service.remove(session, member.tenant_id, phone)
