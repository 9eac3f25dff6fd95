"""Typed references: `{$: steps.pick.device}` stands for a value of the run, in its own type."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

ROOTS = (
    "trigger",
    "inputs",
    "params",
    "vars",
    "steps",
    "item",
    "contact",
    "chat",
    "tenant",
    "run",
    "now",
    "error",
)
"""The names a reference, a condition or a template may begin with."""

PATHS_MAX = 8
PATH_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*(\.([A-Za-z_][A-Za-z0-9_-]*|\d+))*$"

_PATH_SCHEMA = {"type": "string", "pattern": PATH_PATTERN, "maxLength": 200}
REFERENCE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["$"],
    "additionalProperties": False,
    "properties": {
        "$": {
            "anyOf": [
                _PATH_SCHEMA,
                {"type": "array", "minItems": 1, "maxItems": PATHS_MAX, "items": _PATH_SCHEMA},
            ]
        }
    },
}

_PATH = re.compile(PATH_PATTERN)

Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference; of several `paths` the first whose value is not null counts."""

    paths: tuple[str, ...]


def find_refs(value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Ref]]:
    """Every well-formed reference in a value, with its place; ill-formed ones are left out."""
    if isinstance(value, Ref):
        yield at, value
    elif isinstance(value, Mapping):
        if is_reference(value):
            try:
                yield at, parse(value)
            except ValueError:
                return
        else:
            for key, inner in value.items():
                yield from find_refs(inner, (*at, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from find_refs(inner, (*at, index))


def resolve(value: Any, scope: Mapping[str, Any]) -> Any:
    """`value` with every reference replaced by what it stands for; None when that is not there.

    A value that came out of the scope is a leaf: it is not searched for references again.
    """
    if isinstance(value, Ref):
        return _first(value, scope)
    if isinstance(value, Mapping):
        if is_reference(value):
            return _first(parse(value), scope)
        return {key: resolve(inner, scope) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(inner, scope) for inner in value]
    return value


def is_reference(value: Any) -> bool:
    """Whether a value is written as a reference: a mapping whose only key is `$`."""
    return isinstance(value, Mapping) and len(value) == 1 and "$" in value


def parse(value: Any) -> Ref:
    """`{"$": "a.b"}` or `{"$": ["a.b", "c"]}` -> Ref. Raises: ValueError when it is neither."""
    if isinstance(value, Ref):
        return value
    if not is_reference(value):
        raise ValueError("a reference is written {$: steps.name.field}")
    paths = value["$"]
    if isinstance(paths, str):
        paths = [paths]
    if not isinstance(paths, list | tuple) or not 1 <= len(paths) <= PATHS_MAX:
        raise ValueError(f"a reference holds one path, or a list of 1 to {PATHS_MAX} paths")
    for path in paths:
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise ValueError(f"'{str(path)[:60]}' is no path; write it like steps.name.field")
    return Ref(tuple(paths))


def look_up(path: str, scope: Any) -> Any:
    """The value at a dotted path (`steps.pick.device`, `trigger.items.0`); None when absent."""
    found = scope
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, Sequence) and not isinstance(found, str | bytes):
            index = int(part) if part.isdecimal() else -1
            found = found[index] if 0 <= index < len(found) else None
        else:
            return None
    return found


def _first(reference: Ref, scope: Mapping[str, Any]) -> Any:
    for path in reference.paths:
        found = look_up(path, scope)
        if found is not None:
            return found
    return None


RefField = Annotated[
    Ref,
    PlainValidator(parse),
    WithJsonSchema(REFERENCE_SCHEMA),
]
"""A field of the document that is a reference; use it as `int | RefField`."""
