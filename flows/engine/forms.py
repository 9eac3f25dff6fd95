"""What the form of a node says about its fields: their language, and which are secret."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from nodes.contract import NodeKind, Params

Path = tuple[str | int, ...]


def language_of(kind: NodeKind, name: str) -> Callable[[Path], str | None]:
    """What `x-lang` is written at a place below the field `name` of a node; None for none."""
    if name in kind.inputs:
        declared = _declared(kind.inputs[name])
        return lambda path: declared
    schema = form_schema(kind.params)
    return lambda path: _language_at(schema, schema, (name, *path), None)


def secret_names(schema: Mapping[str, Any] | None) -> frozenset[str]:
    """Fields of a form whose values must not be shown."""
    properties = (schema or {}).get("properties") or {}
    return frozenset(
        name
        for name, form in properties.items()
        if isinstance(form, Mapping)
        and (form.get("x-secret") or form.get("format") == "secret-ref" or form.get("writeOnly"))
    )


@cache
def form_schema(model: type[Params]) -> Mapping[str, Any]:
    """The JSON Schema of a form."""
    return model.model_json_schema()


def _declared(hint: Any) -> str | None:
    """The `x-lang` in the `Annotated` type of an input."""
    for mark in getattr(hint, "__metadata__", ()):
        extra = getattr(mark, "json_schema_extra", None)
        if isinstance(extra, Mapping) and "x-lang" in extra:
            return str(extra["x-lang"])
    return None


def _language_at(
    whole: Mapping[str, Any], at: Any, path: Path, inherited: str | None
) -> str | None:
    """The language at `path` below a schema; what is said further out holds further in."""
    if not isinstance(at, Mapping):
        return inherited
    said = at.get("x-lang")
    found = inherited if said is None else str(said)
    if "$ref" in at:
        target = whole.get("$defs", {}).get(str(at["$ref"]).rpartition("/")[2])
        return _language_at(whole, target, path, found)
    inner: list[Any] = []
    rest = path
    if path:
        head, rest = path[0], path[1:]
        if isinstance(head, int):
            inner = [at["items"]] if "items" in at else []
        elif head in at.get("properties", {}):
            inner = [at["properties"][head]]
        elif isinstance(at.get("additionalProperties"), Mapping):
            inner = [at["additionalProperties"]]
    if not inner:
        rest = path
        inner = [*at.get("anyOf", ()), *at.get("oneOf", ()), *at.get("allOf", ())]
    for option in inner:
        deeper = _language_at(whole, option, rest, None)
        if deeper is not None:
            return deeper
    return found
