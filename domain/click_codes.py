"""Click codes: what a link puts into a visitor's first message, so that the chat can be matched.

A code is eight signs of Crockford's base 32, written behind a number sign: `#K7M29PQX`. The
alphabet has no I, L, O and U, so nobody can mistake a sign for another one.
"""

import re
from collections.abc import Iterator

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
BITS = 5 * LENGTH
LOOKED_AT_CHARS = 4_096
"""A code stands in the first message, near its end; a longer text is no first message."""

_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_WRITTEN = re.compile(r"\(\s*#([0-9A-Za-z]{8})\s*\)|#([0-9A-Za-z]{8})(?![0-9A-Za-z])")
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def encode(number: int) -> str:
    """The code of a number below 2**40."""
    return (
        _PAIRS[number >> 30]
        + _PAIRS[number >> 20 & 1023]
        + _PAIRS[number >> 10 & 1023]
        + _PAIRS[number & 1023]
    )


def find(text: str) -> Iterator[tuple[str, str]]:
    """Every code that stands in `text`, with the text without it.

    A message without a number sign costs one look. O is read as 0, I and L as 1, small letters as
    capitals; brackets around the code go with it.
    """
    if "#" not in text or len(text) > LOOKED_AT_CHARS:
        return
    for found in _WRITTEN.finditer(text):
        code = (found[1] or found[2]).upper().translate(_READ_AS)
        if "U" not in code:
            before, after = text[: found.start()].rstrip(), text[found.end() :].lstrip()
            yield code, "\n".join(part for part in (before, after) if part)
