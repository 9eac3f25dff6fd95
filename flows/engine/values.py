"""Values in `with:`: literals, references and lists of them, made into fast getters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flows import references

Getter = Callable[[Mapping[str, Any]], Any]

_TEXT_SPECIAL = re.compile(r"([\\{}|\[\]])")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A value that is known now (`get` is None) or only when a step runs."""

    constant: Any = None
    get: Getter | None = None
    from_params: bool = False
    """Whether the whole value came out of a parameter: None then means "not given"."""


class NotHere(ValueError):
    """A reference stands where none may stand; `args[0]` says why."""


def compile_value(
    value: Any, params: Mapping[str, Any], language: Callable[[tuple[str | int, ...]], str | None]
) -> Compiled:
    """`value` with every `{$: params.x}` inlined and what is left of the references compiled.

    `language(path)` names the `x-lang` of the field at that place below the value, or None.
    Raises: ValueError for an ill-formed reference, NotHere for one inside a condition.
    """
    return _compile(value, params, language, ())


def getter(path: str) -> Getter:
    """A function from a scope to the value at `path`, None when it is not there."""
    parts = tuple(path.split("."))
    if len(parts) == 1:
        (only,) = parts
        return lambda scope: scope.get(only)
    if len(parts) == 2:
        root, key = parts

        def two(scope: Mapping[str, Any]) -> Any:
            found = scope.get(root)
            return found.get(key) if type(found) is dict else references.look_up(key, found)

        return two
    if len(parts) == 3:
        root, key, field = parts
        rest = f"{key}.{field}"

        def three(scope: Mapping[str, Any]) -> Any:
            found = scope.get(root)
            if type(found) is dict:
                inner = found.get(key)
                if type(inner) is dict:
                    return inner.get(field)
            return references.look_up(rest, found)

        return three
    return lambda scope: references.look_up(path, scope)


def as_leaf(value: Any, language: str) -> Any:
    """A text out of the scope, written so that the field's own language gives it back unchanged.

    Values are leaves: a contact called `{a|b}` or `{{7*7}}` must arrive literally.
    """
    if not isinstance(value, str):
        return value
    if language == "text":
        return _TEXT_SPECIAL.sub(r"\\\1", value)
    if language == "jinja":
        return value.replace("{", '{{ "{" }}')
    return value


def _compile(
    value: Any,
    params: Mapping[str, Any],
    language: Callable[[tuple[str | int, ...]], str | None],
    at: tuple[str | int, ...],
) -> Compiled:
    if isinstance(value, references.Ref) or references.is_reference(value):
        return _reference(references.parse(value), params, language(at))
    if isinstance(value, Mapping):
        inner = {key: _compile(part, params, language, (*at, key)) for key, part in value.items()}
        if all(part.get is None for part in inner.values()):
            return Compiled({key: part.constant for key, part in inner.items()})
        return Compiled(get=_mapping_getter(inner))
    if isinstance(value, list | tuple):
        parts = [_compile(part, params, language, (*at, i)) for i, part in enumerate(value)]
        if all(part.get is None for part in parts):
            return Compiled([part.constant for part in parts])
        return Compiled(get=_list_getter(parts))
    return Compiled(value)


def _reference(ref: references.Ref, params: Mapping[str, Any], language: str | None) -> Compiled:
    """The first path that is not null; paths into `params` are known now."""
    getters: list[Getter] = []
    fallback: Any = None
    for path in ref.paths:
        if path == "params" or path.startswith("params."):
            fallback = references.look_up(path, {"params": params})
            if fallback is not None:
                break
            continue
        getters.append(getter(path))
    if not getters:
        return Compiled(fallback, from_params=True)
    if language in ("jsonlogic", "expression"):
        raise NotHere(
            "a condition reads values with {var: ...}; only {$: params...} may stand in it"
        )
    return Compiled(get=_first(getters, fallback, language))


def _first(getters: list[Getter], fallback: Any, language: str | None) -> Getter:
    if len(getters) == 1 and fallback is None and language is None:
        return getters[0]

    def first(scope: Mapping[str, Any]) -> Any:
        for get in getters:
            found = get(scope)
            if found is not None:
                return found if language is None else as_leaf(found, language)
        return fallback

    return first


def _mapping_getter(parts: Mapping[str, Compiled]) -> Getter:
    constants = {key: part.constant for key, part in parts.items() if part.get is None}
    dynamic = [(key, part.get) for key, part in parts.items() if part.get is not None]

    def build(scope: Mapping[str, Any]) -> dict[str, Any]:
        built = dict(constants)
        for key, get in dynamic:
            built[key] = get(scope)
        return built

    return build


def _list_getter(parts: list[Compiled]) -> Getter:
    return lambda scope: [part.constant if part.get is None else part.get(scope) for part in parts]
