"""A text that was read: what it holds, and how one message is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from domain.text.clock_words import SYSTEM_FIELDS
from domain.text.compiled import Run, compile_parts
from domain.text.seed import Chance
from domain.text.tree import Choice, Field, Part, Words


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message.

    `path` holds the index of the option taken, for each choice that was reached, in the order of
    the text: it names the variant. `missing` names the fields that were empty and had no default.
    """

    text: str
    path: tuple[int, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A message text, read and ready to render.

    `variants` counts the different ways through the choices, exactly. `fields` holds each name
    once, in the order of the text. `longest_length` is the length in characters of the longest
    variant, where a field counts as its default, or as nothing. `time_aware` says that the text
    depends on when it is sent.
    """

    source: str
    parts: tuple[Part, ...]
    variants: int
    fields: tuple[str, ...]
    longest_length: int
    time_aware: bool
    _run: Run = field(repr=False, compare=False)

    @classmethod
    def of(cls, source: str, parts: tuple[Part, ...]) -> Text:
        """The text with the tree `parts`."""
        names: dict[str, None] = {}
        variants, longest_length = _measure(parts, names)
        return cls(
            source=source,
            parts=parts,
            variants=variants,
            fields=tuple(names),
            longest_length=longest_length,
            time_aware=not SYSTEM_FIELDS.isdisjoint(names),
            _run=compile_parts(parts),
        )

    def render(self, values: Mapping[str, object], rng: Chance) -> str:
        """One message. Values are put in as they are and never read as text again."""
        out: list[str] = []
        self._run(rng.random, values, out, [], [])
        return "".join(out)

    def render_path(self, values: Mapping[str, object], rng: Chance) -> Rendered:
        """One message, with the choices that were made and the values that were missing.

        A value that is absent, None or only spaces is empty: the default stands in for it, or
        nothing.
        """
        out: list[str] = []
        path: list[int] = []
        missing: list[str] = []
        self._run(rng.random, values, out, path, missing)
        return Rendered("".join(out), tuple(path), tuple(dict.fromkeys(missing)))


def _measure(parts: tuple[Part, ...], names: dict[str, None]) -> tuple[int, int]:
    """The number of ways through `parts` and the length of the longest; collects field names."""
    ways: list[int] = []
    length = 0
    for part in parts:
        match part:
            case Words(text):
                length += len(text)
            case Field(name, default):
                names[name] = None
                length += len(default or "")
            case Choice(options):
                inner = [_measure(option.parts, names) for option in options]
                ways.append(sum(count for count, _ in inner))
                length += max(longest for _, longest in inner)
    return prod(ways), length
