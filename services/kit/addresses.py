"""What the API has at an address, for people who missed it by a word or a method."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

Paths = Mapping[str, Mapping[str, Any]]
"""`paths` of the OpenAPI document: address -> method -> operation."""

LONGEST_LOOKED_AT = 200
_METHODS = ("get", "post", "put", "patch", "delete")
_PART = re.compile(r"\{(\w+)\}")


def methods(paths: Paths, path: str) -> tuple[str, ...]:
    """The methods this very address takes; none when it is nothing, like a word for a number."""
    found = set()
    for template, operations in paths.items():
        for method in _METHODS:
            operation = operations.get(method)
            if operation is not None and _pattern(template, operation).fullmatch(path):
                found.add(method.upper())
    return tuple(sorted(found))


def hint(paths: Paths, path: str, method: str) -> str:
    """The address that was probably meant; empty when none is near."""
    if len(path) > LONGEST_LOOKED_AT:
        return ""
    named = {
        template: template
        for template, operations in paths.items()
        if method.lower() in operations and "{" not in template
    }
    near = get_close_matches(path, [one for one in named if one != path], n=1, cutoff=0.7)
    return f"Did you mean {method} {near[0]}?" if near else ""


def _pattern(template: str, operation: Mapping[str, Any]) -> re.Pattern[str]:
    whole = {
        one["name"]
        for one in operation.get("parameters", ())
        if one.get("in") == "path" and one.get("schema", {}).get("type") == "integer"
    }
    pattern, end = "", 0
    for part in _PART.finditer(template):
        pattern += re.escape(template[end : part.start()])
        pattern += r"-?\d+" if part[1] in whole else "[^/]+"
        end = part.end()
    return re.compile(pattern + re.escape(template[end:]))
