"""The content hash: two documents that do the same have the same one."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

OUTSIDE = frozenset({"ui", "tests", "name", "description"})
"""Keys of the document that change nothing about what a run does."""


def content_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 (64 hex digits) of the document as canonical JSON, without what is `OUTSIDE`.

    Canonical: keys sorted, no spaces, UTF-8, whole numbers without a fraction (1.0 is 1). A moved
    node, a comment, another order of keys or nodes leave it as it is.
    """
    content = {key: value for key, value in document.items() if key not in OUTSIDE}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Raises: ValueError for NaN and infinity, TypeError for what JSON cannot hold."""
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
