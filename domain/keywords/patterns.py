"""The one door to patterns that users write: RE2, whose time grows only with the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import re2

PATTERN_MAX_CHARACTERS = 256
PATTERN_INPUT_MAX_BYTES = 4 * 1024
PATTERN_MEMORY_MAX_BYTES = 1024 * 1024
SET_MEMORY_MAX_BYTES = 8 * 1024 * 1024

_RE2_LACKS = (
    "Patterns have no look-ahead or look-behind ((?=, (?!, (?<=, (?<!), no back-references (\\1), "
    "no atomic or possessive parts ((?>, ++), and no repeats over 1,000."
)


class PatternError(ValueError):
    """A pattern that is refused; the message says why, `hint` what can be done."""

    def __init__(self, message: str, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message, hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a pattern fits: the text, and its groups (None for a group that took no part)."""

    text: str
    groups: tuple[str | None, ...]
    named: tuple[tuple[str, str | None], ...]


class Pattern:
    """A compiled pattern; it makes no difference between upper and lower case.

    Raises: PatternError when it is too long or RE2 refuses it.
    """

    def __init__(self, source: str) -> None:
        if not source:
            raise PatternError("The pattern is empty.", "Write what to look for.")
        if len(source) > PATTERN_MAX_CHARACTERS:
            raise PatternError(
                f"The pattern is longer than {PATTERN_MAX_CHARACTERS} characters.",
                "Split it into several keywords.",
            )
        self.source = source
        try:
            self._compiled: Any = re2.compile(source, _options(PATTERN_MEMORY_MAX_BYTES))
        except (re2.error, UnicodeError) as refusal:
            raise PatternError(f"The pattern is refused: {_reason(refusal)}.", _RE2_LACKS) from None

    def search(self, text: str) -> Found | None:
        """The first place where the pattern fits, in the first 4 KB of `text`."""
        found = self._compiled.search(shortened(text))
        if found is None:
            return None
        return Found(found.group(0), tuple(found.groups()), tuple(found.groupdict().items()))


class PatternSet:
    """Many patterns looked for in one pass: hundreds cost what one does."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._count = len(patterns)
        self._set: Any = None
        if not patterns:
            return
        found = re2.Set.SearchSet(_options(SET_MEMORY_MAX_BYTES))
        try:
            # The empty pattern fits everywhere: where even it is missing, the set ran out of
            # memory, and says so in no other way.
            found.Add("")
            for pattern in patterns:
                found.Add(pattern.source)
            found.Compile()
        except re2.error:  # together they are too large: each is looked for by itself
            return
        self._set = found

    def which(self, text: str) -> Sequence[int]:
        """The places of the patterns that fit somewhere in `text`, or of all of them."""
        if self._set is not None:
            found = self._set.Match(shortened(text))
            if found:
                return [place - 1 for place in found if place]
        return range(self._count)


def shortened(text: str) -> str:
    """The start of `text` that patterns look at: NFC, no outer space, at most 4 KB of UTF-8."""
    if text.isascii():
        return text.strip()[:PATTERN_INPUT_MAX_BYTES]
    text = unicodedata.normalize("NFC", text[:PATTERN_INPUT_MAX_BYTES]).strip()
    return text.encode("utf-8", "ignore")[:PATTERN_INPUT_MAX_BYTES].decode("utf-8", "ignore")


def _options(memory_bytes: int) -> Any:
    options = re2.Options()
    options.max_mem = memory_bytes
    options.case_sensitive = False
    options.log_errors = False
    return options


def _reason(refusal: Exception) -> str:
    reason = refusal.args[0] if refusal.args else str(refusal)
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
