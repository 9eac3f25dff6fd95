"""Level schema: `params` and `inputs` are JSON Schemas, and their defaults fit them."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError

from flows.check.outline import Outline
from flows.check.report import Notebook

_META = Draft202012Validator(Draft202012Validator.META_SCHEMA)


def check_schemas(whole: Outline, notebook: Notebook) -> None:
    for part in ("params", "inputs"):
        schema = whole.raw.get(part)
        if isinstance(schema, Mapping):
            _check_schema(part, schema, notebook)


def validator(schema: Mapping[str, Any]) -> Draft202012Validator | None:
    """A validator for a schema that is sound itself and stays within the document, else None."""
    return _validator(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=256)
def _validator(text: str) -> Draft202012Validator | None:
    schema = json.loads(text)
    if _META.is_valid(schema) and not _leaves_document(schema):
        return Draft202012Validator(schema)
    return None


def _check_schema(part: str, schema: Mapping[str, Any], notebook: Notebook) -> None:
    if schema.get("type", "object") != "object":
        notebook.error(
            "bad_schema",
            (part, "type"),
            f"'{part}' describes an object: its type is 'object'.",
            "Write 'type: object' and list the fields under 'properties:'.",
        )
        return
    sound = validator(schema)
    if sound is None:
        _tell(part, schema, notebook)
        return
    named = schema.get("properties")
    for name, inner in named.items() if isinstance(named, Mapping) else ():
        if isinstance(inner, Mapping) and "default" in inner:
            wrong = next(validator_errors(inner, inner["default"]), None)
            if wrong is not None:
                notebook.error(
                    "default_does_not_fit",
                    (part, "properties", name, "default"),
                    f"The default of '{name}' does not fit: {wrong.message}.",
                )
    for name in schema.get("required", ()):
        if isinstance(named, Mapping) and name not in named:
            notebook.error(
                "unknown_required",
                (part, "required"),
                f"'{name}' is required but is not among the properties.",
                f"Describe it under '{part}: properties:'.",
            )


def _tell(part: str, schema: Mapping[str, Any], notebook: Notebook) -> None:
    for error in list(_META.iter_errors(schema))[:20]:
        notebook.error(
            "bad_schema",
            (part, *error.absolute_path),
            f"'{part}' is no valid JSON Schema here: {error.message[:200]}.",
            "See json-schema.org; types are string, number, integer, boolean, array, object.",
        )
    if _leaves_document(schema):
        notebook.error(
            "foreign_schema", (part,), "A $ref may only point into the document itself (#/...)."
        )


def validator_errors(schema: Mapping[str, Any], value: Any) -> Any:
    """What of `value` does not fit `schema`, lazily; nothing when the schema itself is unsound."""
    sound = validator(schema)
    if sound is None:
        return iter(())
    try:
        return iter(list(sound.iter_errors(value)))
    except (SchemaError, UnknownType, ValidationError, RecursionError):
        return iter(())


def _leaves_document(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        target = schema.get("$ref", schema.get("$dynamicRef", "#"))
        if not (isinstance(target, str) and target.startswith("#")):
            return True
        return any(_leaves_document(inner) for inner in schema.values())
    return isinstance(schema, list) and any(map(_leaves_document, schema))
