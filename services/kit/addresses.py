"""What the API has at an address, for people who missed it by a word or a method."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from fastapi import Request

LONGEST_LOOKED_AT = 200
_METHODS = ("get", "post", "put", "patch", "delete")
_PART = re.compile(r"\{(\w+)\}")


def methods(request: Request) -> tuple[str, ...]:
    """The methods this very address takes; none when it is nothing, like a word for a number."""
    path, found = request.url.path, set()
    for template, operations in _paths(request):
        for method in _METHODS:
            operation = operations.get(method)
            if operation is not None and _pattern(template, operation).fullmatch(path):
                found.add(method.upper())
    return tuple(sorted(found))


def hint(request: Request) -> str:
    """The address that was probably meant; empty when none is near."""
    path = request.url.path
    if len(path) > LONGEST_LOOKED_AT:
        return ""
    named = {
        template: template
        for template, operations in _paths(request)
        if request.method.lower() in operations and "{" not in template
    }
    near = get_close_matches(path, [one for one in named if one != path], n=1, cutoff=0.7)
    return f"Did you mean {request.method} {near[0]}?" if near else ""


def _paths(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from request.app.openapi()["paths"].items()


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
