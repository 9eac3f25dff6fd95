"""What a flow asks for when it is started (`inputs`): defaults filled in, every fault named."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from flows.document import Document
from services.kit.errors import FieldProblem, Invalid

PROBLEMS_TOLD = 100


def filled(document: Document, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with the defaults of the flow's `inputs`.

    Raises: Invalid with every field that is missing, unknown or wrong.
    """
    schema = document.inputs
    if not schema:
        return dict(given)
    properties: Mapping[str, Any] = schema.get("properties") or {}
    values = {
        name: form["default"]
        for name, form in properties.items()
        if isinstance(form, Mapping) and "default" in form
    }
    values |= {name: value for name, value in given.items() if value is not None}
    wrong = faults({**schema, "type": "object"}, values, "inputs")
    if "additionalProperties" not in schema and "patternProperties" not in schema:
        for name in sorted(set(values) - set(properties)):
            near = get_close_matches(name, list(properties), n=1)
            wrong.append(
                FieldProblem(
                    f"inputs.{name}",
                    "The flow does not ask for this.",
                    f"Did you mean '{near[0]}'?" if near else "Leave it out.",
                )
            )
    if wrong:
        raise Invalid(
            "The flow can't start with these inputs.",
            code="inputs_invalid",
            hint="See `problems` for each of them.",
            problems=wrong[:PROBLEMS_TOLD],
        )
    return values


def faults(schema: Mapping[str, Any], value: Any, root: str) -> list[FieldProblem]:
    """Every way in which a value does not fit a JSON Schema, by its place below `root`."""
    from jsonschema import Draft202012Validator  # slow to import, only needed here

    found = []
    for error in Draft202012Validator(schema).iter_errors(value):
        place = ".".join([root, *(str(part) for part in error.absolute_path)])
        if error.validator == "required":
            missing = next(
                (name for name in error.validator_value if name not in error.instance), None
            )
            if missing is not None and len(error.validator_value) >= 1:
                found += [
                    FieldProblem(f"{place}.{name}", "This is missing.")
                    for name in error.validator_value
                    if name not in error.instance
                ]
                continue
        found.append(FieldProblem(place, error.message[:300]))
    unique = {(one.field, one.message): one for one in found}
    return sorted(unique.values(), key=lambda one: one.field)
