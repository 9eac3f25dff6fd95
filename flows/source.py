"""A flow document as it was written: its values and where each of them stands in the text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flows.problems import Pointer, Problem, Range

Style = Literal["plain", "single", "double", "literal", "folded"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """Where a text stands: character offsets into the source, and how it is written."""

    start: int
    end: int
    style: Style


@dataclass(frozen=True, slots=True)
class Source:
    """What reading a text gave. `document` is None when the text could not be read at all.

    `values` and `keys` hold the places of values and of their keys by path.
    """

    text: str
    format: Literal["yaml", "json"]
    document: dict[str, Any] | None
    problems: tuple[Problem, ...]
    values: Mapping[Pointer, Range] = field(default_factory=dict)
    keys: Mapping[Pointer, Range] = field(default_factory=dict)
    scalars: Mapping[Pointer, Scalar] = field(default_factory=dict)

    def range_of(self, path: Pointer) -> Range | None:
        """The place of a value: of the value itself when it is a scalar or a reference,
        else of its key.

        A path that is not in the text answers with the nearest part around it.
        """
        while path:
            if (*path, "$") in self.scalars:
                return self.values[*path, "$"]
            if path in self.scalars:
                return self.values[path]
            if path in self.keys:
                return self.keys[path]
            if path in self.values:
                return self.values[path]
            path = path[:-1]
        return self.values.get(())

    def key_range_of(self, path: Pointer) -> Range | None:
        """The place of the key that leads to `path`."""
        return self.keys.get(path) or self.range_of(path)

    def range_inside(self, path: Pointer, line: int, column: int, end_column: int) -> Range | None:
        """The place in the document of a place in the text value at `path` (all from 1).

        Exact for blocks (`|`) and for texts on one line; a folded text answers as a whole.
        """
        scalar = self.scalars.get(path)
        whole = self.values.get(path)
        if scalar is None or whole is None:
            return self.range_of(path)
        if scalar.style == "literal":
            return self._inside_block(scalar, whole, line, column, end_column)
        raw = self.text[scalar.start : scalar.end]
        if line != 1 or "\n" in raw or scalar.style == "folded":
            return whole
        offsets = _offsets(raw, scalar.style)
        start = offsets[min(column - 1, len(offsets) - 1)]
        end = offsets[min(end_column - 1, len(offsets) - 1)]
        return Range(whole.line, whole.column + start, whole.line, whole.column + max(end, start))

    def _inside_block(
        self, scalar: Scalar, whole: Range, line: int, column: int, end_column: int
    ) -> Range:
        lines = self.text[scalar.start : scalar.end].splitlines()[1:]
        filled = [len(text) - len(text.lstrip(" ")) for text in lines if text.strip()]
        header = self.text[scalar.start : scalar.start + 3]
        digits = [int(sign) for sign in header if sign.isdecimal()]
        indent = filled[0] if filled else 0
        if digits:  # an indentation written out: the first line may begin with spaces of its own
            indent = min(filled, default=0)
        at = whole.line + line
        return Range(at, indent + column, at, indent + end_column)


def _offsets(raw: str, style: Style) -> list[int]:
    """For each character of the value (and its end) the offset in `raw` where it is written."""
    if style == "plain":
        return list(range(len(raw) + 1))
    offsets = []
    index, last = 1, len(raw) - 1
    while index < last:
        offsets.append(index)
        if style == "single":
            index += 2 if raw.startswith("''", index) else 1
        elif raw[index] == "\\" and index + 1 < last:
            index += {"x": 4, "u": 6, "U": 10}.get(raw[index + 1], 2)
        else:
            index += 1
    offsets.append(min(index, last))
    return offsets
