"""Level schema: the form (`with`) of every node and trigger against its kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from flows.check.outline import Outline, Step, form_of
from flows.check.report import Notebook
from flows.check.shape import real_path
from flows.check.words import complaint, told
from flows.problems import Pointer, closest
from flows.references import find_refs, is_reference, parse
from nodes.contract import NodeKind


class Unknown:
    """Stands for a value that only a run can tell."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a form together with what its schema says about it."""

    path: Pointer
    schema: Mapping[str, Any]
    value: Any

    @property
    def language(self) -> str | None:
        found = self.schema.get("x-lang")
        return str(found) if found else None


def check_forms(whole: Outline, notebook: Notebook) -> None:
    for step in whole.steps():
        _check_reference_forms(step, notebook)
        if step.kind is not None:
            _check_form(step, step.kind, notebook)


def _check_reference_forms(step: Step, notebook: Notebook) -> None:
    for path, value in _mappings(step.with_, (*step.path, "with")):
        if is_reference(value):
            try:
                parse(value)
            except ValueError as error:
                notebook.error("bad_reference", path, f"{str(error).capitalize()}.")
        elif "$" in value:
            notebook.error(
                "bad_reference",
                path,
                "A reference has no other key beside '$'.",
                "Write {$: steps.name.field}.",
            )


def _mappings(value: Any, path: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield path, value
        for key, inner in value.items():
            yield from _mappings(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _mappings(inner, (*path, at))


def _check_form(step: Step, kind: NodeKind, notebook: Notebook) -> None:
    form = form_of(kind)
    given = _with_unknowns(step.with_)
    try:
        form.model_validate(given)
        return
    except ValidationError as error:
        errors = error.errors(include_url=False)
    except (TypeError, AttributeError):  # a check of the kind's own that met an unknown value
        if not any(find_refs(step.with_)):
            raise
        return
    known = [field.alias or name for name, field in form.model_fields.items()]
    references = [path for path, _ in find_refs(step.with_)]
    seen: set[Pointer] = set()
    for found in errors:
        path, on_key = real_path(found["loc"], given)
        if found.get("input") is UNKNOWN or any(path[: len(r)] == r for r in references):
            continue
        if found["type"] not in ("missing", "extra_forbidden"):
            if path in seen or any(r[: len(path)] == path for r in references if path):
                continue  # told already, or it cannot be told before the run
            seen.add(path)
        code, message, hint = told({**found, "loc": path}, known if len(path) == 1 else ())
        if code == "missing_field" and len(path) == 1:
            message = f"'{step.id}' ({step.type}) needs '{path[0]}'."
            hint = _missing_hint(str(path[0]), given, known) or hint
        elif not path:
            message, hint = _whole_form(step, complaint(found), known)
        notebook.error(
            code,
            (*step.path, "with", *path),
            message,
            hint,
            on_key=on_key or code == "unknown_key",
        )


def _whole_form(step: Step, said: str, known: list[str]) -> tuple[str, str]:
    """(message, hint) for what a kind says of its form as a whole."""
    if "with" in step.raw:
        return f"'with' of '{step.id}' ({step.type}): {said}", ""
    named = ", ".join(f"'{name}'" for name in known[:8])
    hint = f"Add 'with: {{...}}'. It may hold {named}{', ...' if len(known) > 8 else ''}."
    return f"'{step.id}' ({step.type}) has no 'with': {said}", hint


def _missing_hint(name: str, given: Mapping[str, Any], known: list[str]) -> str:
    near = closest(name, [key for key in given if key not in known])
    return f"Did you write '{near}' for it?" if near else ""


def _with_unknowns(value: Any) -> Any:
    if is_reference(value):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _with_unknowns(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_unknowns(inner) for inner in value]
    return value


# --------------------------------------------------------------------------- what fields say

_SCHEMAS: dict[tuple[str, int, Any], dict[str, Any]] = {}


def form_schema(kind: NodeKind) -> dict[str, Any]:
    """The JSON Schema of a kind's form, parameters and inputs together. Made once."""
    key = (kind.kind, kind.version, kind.run)
    if key not in _SCHEMAS:
        _SCHEMAS[key] = form_of(kind).model_json_schema(by_alias=True)
    return _SCHEMAS[key]


def fields(step: Step) -> Iterator[Field]:
    """Every value in the form of a step that its schema knows, from the outside in."""
    if step.kind is None:
        return
    schema = form_schema(step.kind)
    yield from _walk(schema, schema, step.with_, (*step.path, "with"))


def _walk(
    schema: Mapping[str, Any], root: Mapping[str, Any], value: Any, path: Pointer
) -> Iterator[Field]:
    schema = _merged(schema, root, value)
    if len(path) > 3:
        yield Field(path, schema, value)
    if is_reference(value) or schema.get("x-lang"):
        return
    if isinstance(value, Mapping):
        named = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for key, inner in value.items():
            below = named.get(key, rest if isinstance(rest, Mapping) else None)
            if below is not None:
                yield from _walk(below, root, inner, (*path, key))
    elif isinstance(value, list | tuple) and isinstance(schema.get("items"), Mapping):
        for at, inner in enumerate(value):
            yield from _walk(schema["items"], root, inner, (*path, at))


def _merged(schema: Mapping[str, Any], root: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """A schema with its `$ref` followed and the fitting member of a union taken in."""
    merged = dict(schema)
    for _ in range(8):
        if "$ref" in merged:
            name = str(merged.pop("$ref")).rpartition("/")[2]
            merged = {**root.get("$defs", {}).get(name, {}), **merged}
        elif "anyOf" in merged:
            wanted = "object" if isinstance(value, Mapping) else None
            wanted = "array" if isinstance(value, list | tuple) else wanted
            members = [_merged(member, root, value) for member in merged.pop("anyOf")]
            fitting = [m for m in members if m.get("type") == wanted] if wanted else []
            merged = {**(fitting[0] if fitting else {}), **merged}
        else:
            break
    return merged
