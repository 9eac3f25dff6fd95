"""What can be wrong with a message text, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Kind(StrEnum):
    """One word for each problem; the words are part of the API and never change."""

    SOURCE_TOO_LONG = "source_too_long"
    TOO_DEEP = "too_deep"
    TOO_MANY_OPTIONS = "too_many_options"
    UNCLOSED_BRACE = "unclosed_brace"
    STRAY_BRACE = "stray_brace"
    EMPTY_GROUP = "empty_group"
    TEMPLATE_SYNTAX = "template_syntax"
    BAR_IN_URL = "bar_in_url"
    DEFAULT_NOT_PLAIN = "default_not_plain"
    UNKNOWN_FIELD = "unknown_field"
    ONE_CHOICE = "one_choice"
    EMPTY_OPTIONS = "empty_options"
    UNCLOSED_BRACKET = "unclosed_bracket"
    NOT_A_FIELD = "not_a_field"
    WEIGHT_OR_TIME = "weight_or_time"
    NOT_A_WEIGHT = "not_a_weight"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. Lines and columns count from 1, columns in code points.

    `end_column` is the column after the last character, on the same line.
    """

    severity: Severity
    kind: Kind
    line: int
    column: int
    end_column: int
    message: str
    hint: str


class TextError(ValueError):
    """The first error of a text that cannot be sent."""

    def __init__(
        self, line: int, column: int, kind: str, message: str = "", hint: str = ""
    ) -> None:
        self.line = line
        self.column = column
        self.kind = Kind(kind)
        self.message = message
        self.hint = hint
        super().__init__(line, column, kind, message, hint)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message} {self.hint}".rstrip()
