"""The one tokenizer of message text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from domain.text.fields import field_name
from domain.text.problems import Kind

FIELD_NAME_MAX = 64
DEFAULT_MAX = 512
"""A longer default is not looked for: the scan of one `[` stays bounded."""

_NAME = rf"[^\W\d_](?:[\w.\- ]{{0,{FIELD_NAME_MAX - 2}}}[\w])?"
_TOKEN = re.compile(
    r"(?P<words>[^\\{}|\[]+)|\\(?P<escaped>[\\{}|\[\]])"
    r"|(?P<open>\{)|(?P<close>\})|(?P<bar>\|)|(?P<bracket>\[)|(?P<backslash>\\)"
)
_FIELD = re.compile(
    rf"\[[ \t]*(?P<name>{_NAME})[ \t]*"
    rf"(?:\|(?P<default>(?:[^\\\[\]{{}}|\n]|\\[^\n]){{0,{DEFAULT_MAX}}}))?\]"
)
# A default that holds a choice, a bar or another field, and does close: an author who meant more
# than a default can be. `[nama|{Kak|Sis}]` would otherwise be sent as it stands.
_RICH_DEFAULT = re.compile(
    rf"\[[ \t]*{_NAME}[ \t]*\|"
    rf"(?:[^\\\[\]{{}}\n]|\\[^\n]|\{{[^{{}}\n]{{0,{DEFAULT_MAX}}}\}}"
    rf"|\[[^\[\]{{}}\n]{{0,{DEFAULT_MAX}}}\]){{1,{DEFAULT_MAX}}}+\]"
)
_BRACKETS = re.compile(rf"\[[^\[\]{{}}|\n\\]{{0,{DEFAULT_MAX}}}\]")
_ESCAPE = re.compile(r"\\([\\{}|\[\]])")


class Sign(Enum):
    WORDS = auto()
    ESCAPED = auto()
    OPEN = auto()
    CLOSE = auto()
    BAR = auto()
    FIELD = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the source, `[start, end)`.

    `text` is the literal text (of a field: its name); `default` belongs to fields; `problem` says
    that the piece is read as text although it looks like a field.
    """

    sign: Sign
    start: int
    end: int
    text: str = ""
    default: str | None = None
    problem: Kind | None = None


_SIGNS = {"open": Sign.OPEN, "close": Sign.CLOSE, "bar": Sign.BAR}


def scan(source: str) -> Iterator[Token]:
    """The tokens of `source`, in order and without gaps."""
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        assert found is not None  # the alternatives cover every character
        group = found.lastgroup or ""
        if group == "bracket":
            token = _bracket(source, position)
        elif group == "escaped":
            token = Token(Sign.ESCAPED, position, found.end(), found["escaped"])
        elif group in _SIGNS:
            token = Token(_SIGNS[group], position, found.end(), found[0])
        else:
            token = Token(Sign.WORDS, position, found.end(), found[0])
        yield token
        position = token.end


def _bracket(source: str, start: int) -> Token:
    """A field, or text with the reason why it is none."""
    if found := _FIELD.match(source, start):
        default = found["default"]
        plain = None if default is None else _ESCAPE.sub(r"\1", default)
        return Token(Sign.FIELD, start, found.end(), field_name(found["name"]), plain)
    if found := _RICH_DEFAULT.match(source, start):
        return Token(Sign.WORDS, start, found.end(), found[0], problem=Kind.DEFAULT_NOT_PLAIN)
    if found := _BRACKETS.match(source, start):
        return Token(Sign.WORDS, start, found.end(), found[0], problem=Kind.NOT_A_FIELD)
    return Token(Sign.WORDS, start, start + 1, "[", problem=Kind.UNCLOSED_BRACKET)
