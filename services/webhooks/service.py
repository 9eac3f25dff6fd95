"""Looking at what WAHA told us, and dealing once more with what could not be dealt with."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.kit.after_commit import ring_after
from services.kit.errors import Conflict, NotFound
from services.webhooks import repository
from services.webhooks.models import WebhookEvent
from services.webhooks.receive import TAKE_EVENTS
from services.webhooks.repository import Wanted


def listed(
    session: Session, tenant_id: int, wanted: Wanted, after: int | None, limit: int
) -> Sequence[WebhookEvent]:
    """Newest first."""
    return repository.listed(session, tenant_id, wanted, after, limit)


def get(session: Session, tenant_id: int, event_id: int) -> WebhookEvent:
    found = repository.one(session, tenant_id, event_id)
    if found is None:
        raise NotFound("There is no such webhook event.")
    return found


def replay(session: Session, tenant_id: int, event_id: int) -> WebhookEvent:
    """Deal with a DEAD event as if it had just come.

    Raises: Conflict for one that is not dead: it is being dealt with, or had its effect.
    """
    found = get(session, tenant_id, event_id)
    if not repository.bring_back(session, tenant_id, event_id):
        raise Conflict(
            f"Only a DEAD event can be replayed, and this one is {found.state}.",
            code="not_dead",
            hint="What was dealt with has had its effect already.",
        )
    ring_after(session, TAKE_EVENTS)
    session.refresh(found)
    return found
