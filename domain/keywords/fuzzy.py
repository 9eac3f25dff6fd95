"""Words that are nearly a keyword, found among many thousands without comparing each."""

from __future__ import annotations

from collections.abc import Iterable

ONE_SLIP_FROM = 4
TWO_SLIPS_FROM = 9
WORDS_MAX = 200
"""Only so many different words of a message are compared."""

_PREFIX = 7
"""Words are indexed by their first letters only; must be longer than the most slips."""


def slips_allowed(word: str) -> int:
    """How many slips a keyword of this length forgives; a keyword with a digit forgives none."""
    if len(word) < ONE_SLIP_FROM or not word.isalpha():
        return 0
    return 1 if len(word) < TWO_SLIPS_FROM else 2


def is_near(written: str, word: str) -> bool:
    """Whether `written` is `word` with at most the slips that `word` forgives.

    A slip is a letter too many, missing, wrong, or two swapped. The first letter must be right:
    "warga" is not a slip of "harga".
    """
    if written == word:
        return True
    slips_max = slips_allowed(word)
    if not slips_max or written[:1] != word[:1] or abs(len(written) - len(word)) > slips_max:
        return False
    return _slips(written, word, slips_max) <= slips_max


class NearWords:
    """An index of words; `find` gives those that a written word may stand for.

    Two words within d slips share a spelling once up to d letters are left out of each, so every
    word is filed under all such spellings of its first letters.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._filed: dict[str, list[str]] = {}
        for word in dict.fromkeys(words):
            for spelling in _spellings(word, slips_allowed(word)):
                self._filed.setdefault(spelling, []).append(word)

    def find(self, written: str) -> list[str]:
        """The indexed words that `written` is near to."""
        found: dict[str, None] = {}
        for spelling in _spellings(written, _slips_possible(written)):
            for word in self._filed.get(spelling, ()):
                if word not in found and is_near(written, word):
                    found[word] = None
        return list(found)


def _slips_possible(written: str) -> int:
    """The most slips any keyword that `written` is near to can forgive."""
    if len(written) >= TWO_SLIPS_FROM - 2:
        return 2
    return 1 if len(written) >= ONE_SLIP_FROM - 1 else 0


def _spellings(word: str, left_out_max: int) -> set[str]:
    """The start of the word with up to `left_out_max` letters left out."""
    spellings = {word[:_PREFIX]}
    last = spellings
    for _ in range(left_out_max):
        last = {text[:at] + text[at + 1 :] for text in last for at in range(len(text))}
        spellings = spellings | last
    return spellings


def _slips(written: str, word: str, limit: int) -> int:
    """The edit distance with swaps of neighbours; stops early above `limit`."""
    before: list[int] = []
    row = list(range(len(word) + 1))
    for at, letter in enumerate(written, 1):
        next_row = [at]
        for column, other in enumerate(word, 1):
            cost = min(
                row[column] + 1, next_row[column - 1] + 1, row[column - 1] + (letter != other)
            )
            if at > 1 and column > 1 and letter == word[column - 2] and written[at - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            next_row.append(cost)
        if min(next_row) > limit and (at < 2 or min(row) > limit):
            return limit + 1
        before, row = row, next_row
    return row[-1]
