"""What is wrong with the parameters somebody filled in, in words for that person."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

from domain.text import Severity, check
from flows.document import Document
from flows.engine.plan import PlanProblem
from flows.references import is_reference, parse
from services.kit import plain_text
from services.kit.errors import FieldProblem

PROBLEMS_TOLD = 100
_PREFIX = "Value error, "


def numbers(params: Mapping[str, Any]) -> list[FieldProblem]:
    """Numbers that are none: JSON readers let NaN and Infinity through."""
    found = []
    left = [(f"params.{name}", value) for name, value in params.items()]
    while left:
        field, value = left.pop()
        if isinstance(value, float) and not isfinite(value):
            hint = "Send a number such as 5."
            found.append(FieldProblem(field, "This is no number.", hint))
        elif isinstance(value, Mapping):
            left += [(f"{field}.{name}", inner) for name, inner in value.items()]
        elif isinstance(value, list):
            left += [(f"{field}.{index}", inner) for index, inner in enumerate(value)]
    return found[:PROBLEMS_TOLD]


def unknown(document: Document, params: Mapping[str, Any]) -> list[FieldProblem]:
    """Parameters the flow does not ask for, unless it says that it takes any."""
    schema = document.params or {}
    if "additionalProperties" in schema or "patternProperties" in schema:
        return []
    names = list(schema.get("properties") or {})
    found = []
    for name in params:
        if name in names:
            continue
        near = get_close_matches(name[:100], names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(names) or 'none'}."
        message = f"This flow has no parameter '{name[:60]}'."
        found.append(FieldProblem(f"params.{name[:100]}", message, hint))
    return found[:PROBLEMS_TOLD]


def texts(document: Document, params: Mapping[str, Any]) -> dict[str, str]:
    """The message texts among the parameters."""
    forms = (document.params or {}).get("properties") or {}
    return {
        name: params[name]
        for name, form in forms.items()
        if isinstance(form, Mapping) and form.get("x-lang") == "text"
        if isinstance(params.get(name), str)
    }


def text(name: str, source: str, known: Collection[str] | None) -> list[FieldProblem]:
    """What is wrong with a message text, by line and column. `known`: its fields; None for any."""
    field = f"params.{name}"
    if source and not source.strip():
        return [FieldProblem(field, "There are only spaces.", "Write what people will read.")]
    unprintable = plain_text.problem_of(field, source)
    if unprintable is not None:
        return [unprintable]
    return [
        FieldProblem(f"{field}:{found.line}:{found.column}", found.message, found.hint)
        for found in check(source, known)
        if found.severity is Severity.ERROR
    ][:PROBLEMS_TOLD]


def of_plan(document: Document, problems: Iterable[PlanProblem]) -> list[FieldProblem]:
    """What a step refuses, told of the parameter that was put there."""
    return [
        FieldProblem(
            _param_at(document, problem.path),
            problem.message.removeprefix(_PREFIX),
            problem.hint or "Change this parameter.",
        )
        for problem in problems
    ]


def _param_at(document: Document, pointer: str) -> str:
    """The parameter that stands at a place of the document; "params" when it is not just one."""
    value: Any = document.model_dump(by_alias=True)
    for part in pointer.split("/")[1:]:
        value = (
            value.get(part.replace("~1", "/").replace("~0", "~"))
            if isinstance(value, Mapping)
            else None
        )
    if not is_reference(value):
        return "params"
    try:
        paths = parse(value).paths
    except ValueError:
        return "params"
    named = {path.split(".")[1] for path in paths if path.startswith("params.")}
    return f"params.{named.pop()}" if len(named) == 1 else "params"
