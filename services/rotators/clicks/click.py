"""One click on a link, as it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

USER_AGENT_CHARS, REFERER_CHARS = 500, 500


@dataclass(frozen=True, slots=True)
class Click:
    """(`journal`, `journal_offset`) names it: written twice, it counts once.

    Within one journal later clicks have larger offsets, and are written in that order.
    """

    tenant_id: int
    rotator_id: int
    journal: str
    journal_offset: int
    redirected_to: str
    code: str | None
    visitor: str | None
    is_counted: bool
    ip_address: str | None
    user_agent: str | None
    referer: str | None
    source: Mapping[str, str]
    clicked_at: datetime
