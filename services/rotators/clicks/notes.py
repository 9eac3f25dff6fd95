"""A click that a flow notes down outside of the visitor's request."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from services.rotators.clicks import repository
from services.rotators.clicks.click import Click


def note(
    connection: Connection,
    tenant_id: int,
    slug: str,
    target: str,
    source: Mapping[str, str],
    code: str,
    now: datetime,
) -> bool:
    """Write one click of the account's link; False when there is no such link.

    `code` comes from `domain.click_codes.encode`; given again, it changes nothing.
    """
    rotator_id = repository.rotator_by_slug(connection, tenant_id, slug)
    if rotator_id is None:
        return False
    click = Click(
        tenant_id=tenant_id,
        rotator_id=rotator_id,
        journal=f"flow-{code}",
        journal_offset=0,
        redirected_to=target,
        code=code,
        visitor=None,
        is_counted=True,
        ip_address=None,
        user_agent=None,
        referer=None,
        source=source,
        clicked_at=now,
    )
    repository.add(connection, [click])
    return True
