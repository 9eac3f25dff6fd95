"""Field names: `[NAME]`, `[nama]` and `[name]` are one field."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ALIASES = {"nama": "name"}
_GAPS = re.compile(r"[\s\-]+")


@lru_cache(maxsize=4096)
def field_name(raw: str) -> str:
    """The canonical name: no case, no outer space, spaces and hyphens as `_`, aliases resolved.

    `[No Invoice]`, `[no-invoice]` and `[no_invoice]` are one field, so that a column title of a
    spreadsheet can be typed as it is.
    """
    name = _GAPS.sub("_", unicodedata.normalize("NFKC", raw).casefold().strip())
    return ALIASES.get(name, name)
