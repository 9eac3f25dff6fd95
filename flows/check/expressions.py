"""Level expressions: conditions, message texts and templates inside the fields that hold them."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain import conditions
from domain import text as message_text
from flows.check.forms import Field, fields
from flows.check.outline import Outline
from flows.check.references import variables
from flows.check.report import Notebook, Tenant
from flows.problems import Pointer
from flows.references import is_reference, parse
from services.kit import templates

CONTACT_FIELDS = frozenset({"name", "phone", "email", "city", "address", "notes"})
"""What every contact has."""

SHOP_FIELDS = frozenset({"toko", "owner_phone", "footer"})
"""What every tenant has."""


def check_expressions(whole: Outline, notebook: Notebook, tenant: Tenant | None) -> None:
    known = set(CONTACT_FIELDS | SHOP_FIELDS | variables(whole))
    if tenant is not None:
        known.update(tenant.fields())
    for path, text in _texts(whole):
        _check_text(path, text, known, notebook, strict=tenant is not None)
    for step in whole.steps():
        for field in fields(step):
            if is_reference(field.value):
                _check_text_reference(whole, field, notebook)
            elif field.language == "jsonlogic" and field.value is not None:
                for path, rule in _rules(field):
                    _check_rule(path, rule, notebook)
            elif field.language == "jinja" and isinstance(field.value, str):
                _check_jinja(field.path, field.value, notebook)


def _rules(field: Field) -> Iterator[tuple[Pointer, Any]]:
    """The rule of a field, or those of its cases."""
    if field.schema.get("x-widget") != "cases":
        yield field.path, field.value
    elif isinstance(field.value, Mapping):
        for case, rule in field.value.items():
            if not is_reference(rule):
                yield (*field.path, str(case)), rule


def _texts(whole: Outline) -> Iterator[tuple[Pointer, str]]:
    """Message texts: in forms, and as defaults of params that say `x-lang: text`."""
    for step in whole.steps():
        for field in fields(step):
            if field.language == "text" and isinstance(field.value, str):
                yield field.path, field.value
    named = whole.part("params").get("properties")
    for name, schema in named.items() if isinstance(named, Mapping) else ():
        if isinstance(schema, Mapping) and schema.get("x-lang") == "text":
            default = schema.get("default")
            if isinstance(default, str):
                yield ("params", "properties", name, "default"), default


def _check_text(
    path: Pointer, text: str, known: set[str], notebook: Notebook, *, strict: bool
) -> None:
    for found in message_text.check(text, known):
        place = None
        if notebook.source is not None:
            place = notebook.source.range_inside(path, found.line, found.column, found.end_column)
        severity = found.severity.value
        hint = found.hint
        if found.kind is message_text.Kind.UNKNOWN_FIELD and not strict:
            if not hint.startswith("Did you mean"):
                continue  # any name may be a field of the tenant's own; a near miss may be a slip
            severity = "warning"
            hint = f"{hint} Fine if your contacts have a field of that name.".strip()
        notebook.note(
            "error" if severity == "error" else "warning",
            f"text_{found.kind.value}",
            path,
            f"Line {found.line}, column {found.column} of the text: {found.message}",
            hint,
            place=place,
        )


def _check_text_reference(whole: Outline, field: Field, notebook: Notebook) -> None:
    """A message text taken from a parameter is parsed only when the parameter says so."""
    if field.language != "text":
        return
    try:
        paths = parse(field.value).paths
    except ValueError:  # told by the check of forms
        return
    named = whole.part("params").get("properties")
    for name in (path.split(".")[1] for path in paths if path.startswith("params.")):
        schema = named.get(name) if isinstance(named, Mapping) else None
        if isinstance(schema, Mapping) and schema.get("x-lang") != "text":
            notebook.warning(
                "text_not_marked",
                field.path,
                f"The parameter '{name}' goes into a message text but is not marked as one; its "
                "{a|b} and [name] will be sent as they stand.",
                f"Add 'x-lang: text' to params: properties: {name}.",
            )


def _check_rule(path: Pointer, rule: Any, notebook: Notebook) -> None:
    for found in conditions.check(rule):
        message = found.message[:1].upper() + found.message[1:]
        notebook.error("bad_condition", (*path, *_steps(found.path, rule)), message, found.hint)


def _steps(pointer: str, value: Any) -> Pointer:
    """A JSON Pointer into `value` as a path."""
    path: list[str | int] = []
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list | tuple) and key.isdecimal():
            path.append(int(key))
            value = value[int(key)] if int(key) < len(value) else None
        else:
            path.append(key)
            value = value.get(key) if isinstance(value, Mapping) else None
    return tuple(path)


def _check_jinja(path: Pointer, template: str, notebook: Notebook) -> None:
    for found in templates.check(template):
        place = None
        if notebook.source is not None:
            place = notebook.source.range_inside(path, found.line, 1, 2)
        notebook.error(
            "bad_template",
            path,
            f"Line {found.line} of the template: {found.message.rstrip('.')}.",
            found.hint or "Values stand in {{ }}, for example {{ steps.each.counts.ok }}.",
            place=place,
        )
