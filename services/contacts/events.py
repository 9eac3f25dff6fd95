"""What happened to a contact, for flows and other systems that wait for it.

Not for imports: a file with a hundred thousand people is no hundred thousand events.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from services.kit import outbox

CREATED, UPDATED = "contact.created", "contact.updated"
TAGGED, UNTAGGED = "contact.tagged", "contact.untagged"


def tell(
    where: Connection | Session,
    tenant_id: int,
    contact_id: int,
    name: str,
    now: datetime,
    tags: Sequence[str] = (),
) -> None:
    """Write the event down in the transaction that made it true."""
    payload = {"contact_id": contact_id, **({"tags": list(tags)} if tags else {})}
    outbox.publish(where, tenant_id, name, payload, now)


def tell_tags(
    where: Connection | Session,
    tenant_id: int,
    contact_id: int,
    before: Sequence[str],
    after: Sequence[str],
    now: datetime,
) -> None:
    """The tags that were given and taken; none where nothing changed."""
    given = sorted(set(after) - set(before))
    taken = sorted(set(before) - set(after))
    if given:
        tell(where, tenant_id, contact_id, TAGGED, now, given)
    if taken:
        tell(where, tenant_id, contact_id, UNTAGGED, now, taken)
