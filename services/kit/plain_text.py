"""Text that a request may bring: no control characters, and nothing UTF-8 can't say."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from services.kit.errors import FieldProblem

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)")
_OF_LINES = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
HINT = "Delete it and type the text anew; only line breaks and tabs are allowed."


def unprintable(text: str) -> str | None:
    """The first character of `text` that can't be sent, as "U+0000"; None when all is well."""
    found = _UNPRINTABLE.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def problem_of(field: str, text: str) -> FieldProblem | None:
    """What is wrong with the characters of a text, by line and column."""
    found = _UNPRINTABLE.search(text)
    if found is None:
        return None
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    named = f"U+{ord(found[0]):04X}"
    return FieldProblem(f"{field}:{line}:{column}", f"There is a control character, {named}.", HINT)


def checked(value: Any) -> Any:
    """`value` itself, when no text in it holds a control character.

    Raises: PydanticCustomError whose `within` says where in the value.
    """
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        within, found = left.pop()
        if isinstance(found, str):
            _check(within, found)
        elif isinstance(found, Mapping):
            for key, inner in found.items():
                _check(within, str(key))
                left.append(((*within, str(key)), inner))
        elif isinstance(found, list):
            left.extend(((*within, str(index)), inner) for index, inner in enumerate(found))
    return value


def line_of_text(value: str) -> str:
    """A name: one line with something in it. Raises: PydanticCustomError."""
    if not value.strip():
        raise PydanticCustomError("blank", "Write at least one letter or digit.")
    if _OF_LINES.search(value):
        raise PydanticCustomError("line_break", "Write it in one line, without tabs.")
    return value


def _check(within: tuple[str, ...], text: str) -> None:
    named = unprintable(text)
    if named is not None:
        raise PydanticCustomError(
            "control_character",
            "There is a control character, {named}.",
            {"named": named, "within": ".".join(within)},
        )
