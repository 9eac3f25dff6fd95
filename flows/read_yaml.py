"""Reads a flow document from YAML: every value with its place, nothing retyped by surprise.

Only the events of the YAML parser are used; what a word means is decided in `flows.scalars`.
So aliases never expand, keys are always text, and limits hold before anything is built.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from flows import limits
from flows.problems import Pointer, Problem, Range, pointer
from flows.scalars import typed
from flows.source import Scalar, Source, Style

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STYLES: dict[str | None, Style] = {
    None: "plain",
    "": "plain",
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}
_QUOTES = 'Put the text in quotes ("..."), or below the key as a block after "|-".'


def read_yaml(text: str) -> Source:
    """The document in `text`; what is wrong with it stands in the source's problems."""
    reader = _Reader(text)
    document: Any = None
    try:
        document = reader.whole()
    except _Refused as refused:
        reader.problems.append(refused.problem)
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax_problem(text, error))
    except yaml.reader.ReaderError as error:
        reader.problems.append(_unreadable_problem(text, error))
    return Source(
        text,
        "yaml",
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
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        self.problems: list[Problem] = []
        self.values: dict[Pointer, Range] = {}
        self.keys: dict[Pointer, Range] = {}
        self.scalars: dict[Pointer, Scalar] = {}

    def whole(self) -> Any:
        next(self.events)  # the start of the stream
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _refused("empty", "The document is empty.", "Begin with: flow: alir/1", event)
        if event.version or event.tags:
            raise _refused("directive", "A line with % at the top is not allowed.", "", event)
        first = next(self.events)
        value = self.value(first, (), 1)
        if not isinstance(value, dict):
            raise _refused(
                "not_a_mapping",
                "A flow document is a list of keys and values.",
                "Begin with: flow: alir/1",
                first,
            )
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _refused(
                "several_documents",
                "There is a second document after '---'.",
                "Keep each flow in a file of its own.",
                event,
            )
        return value

    def value(self, event: Any, path: Pointer, depth: int) -> Any:
        self.refuse(event, path, depth)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                items.append(self.value(inner, (*path, len(items)), depth + 1))
            self.values[path] = _range(event, inner)
            return items
        found: dict[str, Any] = {}
        while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
            key = self.key(inner, path)
            where = (*path, key)
            if key in found:
                self.problems.append(
                    _problem(
                        "duplicate_key",
                        f"The key '{key}' stands here twice.",
                        "Keep one of the two.",
                        _range(inner, inner),
                        where,
                    )
                )
                self.value(next(self.events), (*where, "(again)"), depth + 1)
                continue
            self.keys[where] = _range(inner, inner)
            found[key] = self.value(next(self.events), where, depth + 1)
        self.values[path] = _range(event, inner)
        return found

    def key(self, event: Any, path: Pointer) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse(event, path, 0)
            raise _refused(
                "key_not_text",
                "A key must be a word, but here stands a list or a mapping.",
                f"A text that begins with {{ needs quotes. {_QUOTES}",
                event,
            )
        self.refuse(event, path, 0)
        if event.value == "<<" and not event.style:
            raise _refused("merge_key", "Merge keys (<<) are not allowed.", "Write it out.", event)
        return str(event.value)

    def scalar(self, event: Any, path: Pointer) -> Any:
        self.values[path] = _range(event, event)
        style = _STYLES[event.style]
        self.scalars[path] = Scalar(event.start_mark.index, event.end_mark.index, style)
        if event.style not in (None, ""):
            return event.value
        try:
            return typed(event.value)
        except ValueError as error:
            self.problems.append(
                _problem(
                    "bad_number",
                    f"{error}.",
                    "If it is a text (a phone, a code), put it in quotes.",
                    _range(event, event),
                    path,
                )
            )
            return event.value

    def refuse(self, event: Any, path: Pointer, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _refused(
                "alias",
                "Anchors (&name) and aliases (*name) are not allowed.",
                f"Write the value out. A text that begins with & or * needs quotes. {_QUOTES}",
                event,
                path,
            )
        if event.tag is not None:
            raise _refused(
                "tag",
                f"Tags ({str(event.tag)[:40]}) are not allowed.",
                f"A text that begins with ! needs quotes. {_QUOTES}",
                event,
                path,
            )
        if depth > limits.TEXT_DEPTH_MAX:
            raise _refused(
                "too_deep",
                f"The document nests deeper than {limits.TEXT_DEPTH_MAX} levels.",
                "Move a part of it into a flow of its own (call-flow).",
                event,
                path[:4],
            )


def _range(start: Any, end: Any) -> Range:
    first, last = start.start_mark, end.end_mark
    return Range(first.line + 1, first.column + 1, last.line + 1, last.column + 1)


def _problem(code: str, message: str, hint: str, place: Range, path: Pointer = ()) -> Problem:
    return Problem("error", code, None, pointer(path), message, hint, place)


def _refused(code: str, message: str, hint: str, event: Any, path: Pointer = ()) -> _Refused:
    return _Refused(_problem(code, message, hint, _range(event, event), path))


def _syntax_problem(text: str, error: yaml.MarkedYAMLError) -> Problem:
    """The parser's complaint in words that help, at the line that has to be changed."""
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines() or [""]
    at = min(mark.line, len(lines) - 1) if mark else 0
    column = mark.column if mark and at == mark.line else len(lines[at])
    message, hint = "The text is no valid YAML here.", ""
    suspect = _unquoted(lines, at)
    if "\t" in re.match(r"\s*", lines[at])[0]:  # type: ignore[index]
        message, hint = "This line begins with a tab.", "Use spaces to indent, never tabs."
        column = lines[at].index("\t")
    elif suspect is not None:
        at, column, sign = suspect
        message = f"A text that begins with {sign} must stand in quotes."
        hint = _QUOTES
        if sign in _CLOSED_BY and _still_open(text, error, at, column, _CLOSED_BY[sign]):
            what = "list" if sign == "[" else "group of keys"
            message = f"The {what} that opens here with {sign} is never closed. {message}"
            hint = f"For a {what}: close it with {_CLOSED_BY[sign]}. For a text: {_QUOTES}"
    elif "mapping values are not allowed" in str(error.problem):
        message = "There is a second colon in this line, or the line is indented too far."
        hint = f"A text with a colon needs quotes. {_QUOTES}"
    elif "quoted scalar" in str(error.context):
        message = "A quotation mark opens here and is never closed."
        hint = "Close the quotation mark, or write the text as a block after '|-'."
        if error.context_mark is not None:
            at, column = error.context_mark.line, error.context_mark.column
    elif "flow" in str(error.context):
        message = "A { or [ opens and is not closed as it should be."
        hint = f"Close it, with commas between the values. For a text: {_QUOTES}"
    elif "could not find expected ':'" in str(error.problem):
        message = "A colon is missing after this key."
        hint = "Write 'key: value', with a space after the colon."
        if error.context_mark is not None:
            at, column = error.context_mark.line, error.context_mark.column
    elif "block" in str(error.context):
        message = "This line does not fit where it stands."
        hint = "Check how far it is indented: keys of one block begin in the same column."
    place = Range(at + 1, column + 1, at + 1, max(len(lines[at]), column + 1) + 1)
    return _problem("bad_yaml", message, hint, place)


_UNQUOTED = re.compile(r"^\s*(?:- +)*(?:[^\s:{\[\"'#][^:#\"']*:\s+)?(?P<value>[{\[@`%*&!].*)$")


_CLOSED_BY = {"{": "}", "[": "]"}


def _still_open(
    text: str, error: yaml.MarkedYAMLError, line: int, column: int, closing: str
) -> bool:
    """Whether the parser was inside the list or mapping that opens at this place (from 0), and
    had met nothing that could close it."""
    opened, met = error.context_mark, error.problem_mark
    if opened is None or met is None or "flow" not in str(error.context):
        return False
    if (opened.line, opened.column) != (line, column):
        return False
    return closing not in text[opened.index : met.index]


def _unquoted(lines: list[str], at: int) -> tuple[int, int, str] | None:
    """A value near line `at` that begins with a sign YAML keeps for itself, as spintax does."""
    for line in range(at, max(at - 3, -1), -1):
        match = _UNQUOTED.match(lines[line])
        if match is None:
            continue
        value = match["value"]
        closed = value.rstrip().rstrip(",")
        if value[0] in "@`%*&!":
            return line, match.start("value"), value[0]
        ends_itself = _CLOSED_BY.get(value[0])
        if ends_itself and (not closed.endswith(ends_itself) or "|" in value):
            return line, match.start("value"), value[0]
    return None


def _unreadable_problem(text: str, error: yaml.reader.ReaderError) -> Problem:
    index = next(
        (at for at, sign in enumerate(text) if sign < " " and sign not in "\t\n\r"),
        min(int(error.position), max(len(text) - 1, 0)),
    )
    line = text.count("\n", 0, index) + 1
    column = index - (text.rfind("\n", 0, index) + 1) + 1
    return _problem(
        "bad_sign",
        "The text holds a sign that YAML does not allow (a control character).",
        "Remove it, or write it escaped in double quotes.",
        Range(line, column, line, column + 1),
    )
