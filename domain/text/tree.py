"""The parts a message text is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Literal text; escapes are already undone."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the recipient. `name` is canonical (see `field_name`); `default` may be None."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Option:
    """One way out of a choice. `weight` is 1-99; `parts` is empty for an empty option."""

    weight: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of the options is taken."""

    options: tuple[Option, ...]


Part = Words | Field | Choice
