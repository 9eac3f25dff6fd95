"""The ETag of a flow is its revision."""

import re

from flows.models import Flow
from services.kit.errors import Invalid

_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def etag(flow: Flow) -> str:
    return f'"{flow.revision}"'


def revision(if_match: str | None) -> int | None:
    """The revision that `If-Match` names; None without one. Raises: Invalid."""
    if if_match is None:
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Invalid("If-Match is no revision.", hint='Send the ETag as it was given, like "3".')
    return int(found[1])
