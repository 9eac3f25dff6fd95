"""Pydantic's errors in words a shop owner can act on."""

from collections.abc import Mapping, Sequence
from typing import Any

from flows.problems import closest, did_you_mean

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}


def told(error: Mapping[str, Any], known: Sequence[str]) -> tuple[str, str, str]:
    """(code, message, hint) for one pydantic error; `known` are the keys allowed at its place
    (of a missing key: beside it), empty when they cannot be told."""
    kind = str(error["type"])
    name = str(error["loc"][-1]) if error["loc"] else "the document"
    given = error.get("input")
    context = error.get("ctx") or {}
    if kind == "extra_forbidden":
        return "unknown_key", f"There is no field '{name}' here.", did_you_mean(name, known)
    if kind == "missing":
        strange = [key for key in given if key not in known] if isinstance(given, Mapping) else []
        renamed = closest(name, strange) if known else None
        hint = f"Did you write '{renamed}' for it?" if renamed else f"Add '{name}: ...'."
        return "missing_field", f"'{name}' is missing.", hint
    if kind in _EXPECTED:
        hint = _type_hint(kind, given)
        return "wrong_type", f"'{name}' should be {_EXPECTED[kind]}, not {_shown(given)}.", hint
    if kind in ("literal_error", "enum"):
        choices = [part.strip(" '") for part in str(context.get("expected", "")).split(",")]
        choices = [part for piece in choices for part in piece.replace("' or '", "|").split("|")]
        return (
            "wrong_choice",
            f"'{name}' cannot be {_shown(given)}.",
            did_you_mean(str(given), choices, several="Choose one of"),
        )
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        bound = context.get("ge", context.get("gt", context.get("le", context.get("lt"))))
        side = "at least" if kind.startswith("greater") else "at most"
        return "out_of_range", f"'{name}' should be {side} {bound}, not {_shown(given)}.", ""
    if kind in ("too_short", "string_too_short"):
        least = context.get("min_length")
        return "too_short", f"'{name}' needs at least {least}.", "Fill it in."
    if kind in ("too_long", "string_too_long"):
        return "too_long", f"'{name}' may have {context.get('max_length')} at most.", "Shorten it."
    if kind == "string_pattern_mismatch":
        return "wrong_form", f"'{name}' cannot be {_shown(given)}.", _pattern_hint(context)
    return "wrong_value", f"'{name}': {complaint(error)}", ""


def complaint(error: Mapping[str, Any]) -> str:
    """What the check of a model said itself, as the end of a sentence."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."


def _type_hint(kind: str, given: Any) -> str:
    if kind == "string_type" and isinstance(given, int | float) and not isinstance(given, bool):
        return f'Put it in quotes: "{given}".'
    if kind == "string_type" and isinstance(given, Mapping | list):
        return "A text that begins with { or [ must stand in quotes, or as a block after '|-'."
    if kind in ("list_type", "tuple_type") and isinstance(given, str):
        return f"Put it in brackets: [{given[:40]}]."
    return ""


def _pattern_hint(context: Mapping[str, Any]) -> str:
    pattern = str(context.get("pattern", ""))
    if pattern.startswith("^[a-z][a-z0-9_]"):
        return "Use small letters, digits and _, beginning with a letter, at most 40."
    if pattern.startswith("^[a-z][a-z0-9]*(-"):
        return "A kind of node is written like send-waha or keyword-match@2."
    if "[0-5]\\d" in pattern:
        return 'Write a time like "08:00".'
    return f"It must fit {pattern}."


def _shown(given: Any) -> str:
    if given is None:
        return "empty"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return f"'{given[:40]}'"
    if isinstance(given, Mapping):
        return "keys with values"
    if isinstance(given, list | tuple):
        return "a list"
    return str(given)[:40]
