"""Reads a flow document from JSON, strictly: every value with its place, no key twice, no NaN."""

import math
import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from flows import limits
from flows.problems import Pointer, Problem, Range, pointer
from flows.scalars import INTEGER_MAX
from flows.source import Scalar, Source

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


def read_json(text: str) -> Source:
    """The document in `text`; what is wrong with it stands in the source's problems."""
    reader = _Reader(text)
    document: Any = None
    try:
        document = reader.whole()
    except _Refused as refused:
        reader.problems.append(refused.problem)
    return Source(
        text,
        "json",
        document if isinstance(document, dict) else None,
        tuple(reader.problems),
        reader.values,
        reader.keys,
        reader.scalars,
    )


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.values: dict[Pointer, Range] = {}
        self.keys: dict[Pointer, Range] = {}
        self.scalars: dict[Pointer, Scalar] = {}
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def whole(self) -> Any:
        value, end = self.value(self.space(0), (), 1)
        end = self.space(end)
        if end != len(self.text):
            raise self.refused(end, "Something follows after the end of the document.")
        if not isinstance(value, dict):
            raise self.refused(0, "A flow document is an object: it begins with {.")
        return value

    def value(self, start: int, path: Pointer, depth: int) -> tuple[Any, int]:
        if depth > limits.TEXT_DEPTH_MAX:
            raise self.refused(
                start, f"The document nests deeper than {limits.TEXT_DEPTH_MAX} levels.", "too_deep"
            )
        sign = self.text[start : start + 1]
        value: Any
        if sign == "{":
            value, end = self.mapping(start, path, depth)
        elif sign == "[":
            value, end = self.sequence(start, path, depth)
        else:
            value, end = self.scalar(start, sign)
            style = "double" if sign == '"' else "plain"
            self.scalars[path] = Scalar(start, end, style)  # type: ignore[arg-type]
        self.values[path] = self.range(start, end)
        return value, end

    def mapping(self, start: int, path: Pointer, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        index = self.space(start + 1)
        if self.text[index : index + 1] == "}":
            return found, index + 1
        while True:
            if self.text[index : index + 1] != '"':
                raise self.refused(index, 'A key is expected here, in double quotes: "key".')
            key, end = self.string(index)
            where = (*path, key)
            known = key in found
            if known:
                self.problems.append(
                    Problem(
                        "error",
                        "duplicate_key",
                        None,
                        pointer(where),
                        f"The key '{key}' stands here twice.",
                        "Keep one of the two.",
                        self.range(index, end),
                    )
                )
            else:
                self.keys[where] = self.range(index, end)
            index = self.space(end)
            if self.text[index : index + 1] != ":":
                raise self.refused(index, f"A colon is missing after the key '{key}'.")
            value, end = self.value(
                self.space(index + 1), (*where, "(again)") if known else where, depth + 1
            )
            found.setdefault(key, value)
            index = self.space(end)
            closed = self.text[index : index + 1]
            if closed == "}":
                return found, index + 1
            if closed != ",":
                raise self.refused(index, "A comma or a closing } is missing here.")
            index = self.space(index + 1)

    def sequence(self, start: int, path: Pointer, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        index = self.space(start + 1)
        if self.text[index : index + 1] == "]":
            return found, index + 1
        while True:
            value, end = self.value(index, (*path, len(found)), depth + 1)
            found.append(value)
            index = self.space(end)
            closed = self.text[index : index + 1]
            if closed == "]":
                return found, index + 1
            if closed != ",":
                raise self.refused(index, "A comma or a closing ] is missing here.")
            index = self.space(index + 1)

    def scalar(self, start: int, sign: str) -> tuple[Any, int]:
        if sign == '"':
            return self.string(start)
        for word, value in _WORDS.items():
            if self.text.startswith(word, start):
                return value, start + len(word)
        for word in ("NaN", "Infinity", "-Infinity"):
            if self.text.startswith(word, start):
                raise self.refused(start, f"{word} is no number that can be stored.", "bad_number")
        match = _NUMBER.match(self.text, start)
        if match is None:
            raise self.refused(start, "A value is missing here.")
        number: int | float
        if match[2] is None and match[3] is None:
            number = int(match[0]) if len(match[0]) <= 20 else INTEGER_MAX + 1
            fits = abs(number) <= INTEGER_MAX
        else:
            number = float(match[0])
            fits = math.isfinite(number)
        if not fits:
            raise self.refused(start, "This number is too large.", "bad_number")
        return number, match.end()

    def string(self, start: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, start + 1, True)
        except ValueError as error:
            at = getattr(error, "pos", start)
            raise self.refused(at, "This text is not closed, or holds a forbidden sign.") from None
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise self.refused(start, "This text holds half of a sign (a lone surrogate).")
        return value, end

    def space(self, index: int) -> int:
        match = _SPACE.match(self.text, index)
        return match.end() if match else index

    def place(self, index: int) -> tuple[int, int]:
        line = bisect_right(self.lines, index)
        return line, index - self.lines[line - 1] + 1

    def range(self, start: int, end: int) -> Range:
        return Range(*self.place(start), *self.place(end))

    def refused(self, index: int, message: str, code: str = "bad_json") -> _Refused:
        return _Refused(
            Problem(
                "error",
                code,
                None,
                "",
                message,
                "" if code == "too_deep" else "The text is no valid JSON at this place.",
                self.range(index, min(index + 1, len(self.text))),
            )
        )
