"""Chance that can be repeated: the same parts give the same numbers, on every Python."""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from typing import Protocol

_WORDS = Struct("<8I")
_SCALE = 2.0**-32
_BETWEEN = "\x1f"


class Chance(Protocol):
    """All that rendering needs of a `random.Random`."""

    def random(self) -> float:
        """A number in [0, 1)."""


def seeded(*parts: object) -> SeededChance:
    """Chance that belongs to `parts`, such as (campaign seed, contact identity, node id).

    Block k (from 0) is SHA-256 of `k` as 4 bytes, big-endian, followed by the parts as UTF-8 text
    with U+001F between them. Each block is eight big-endian 32-bit words; every draw is the next
    word divided by 2**32. Nothing here depends on the Python version.
    """
    return SeededChance(_BETWEEN.join(map(str, parts)).encode("utf-8", "surrogatepass"))


class SeededChance:
    """Numbers in [0, 1) from SHA-256 in counter mode. Made by `seeded`."""

    __slots__ = ("_block", "_key", "_waiting")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._block = 0
        self._waiting: list[int] = []

    def random(self) -> float:
        waiting = self._waiting
        if not waiting:
            digest = sha256(self._block.to_bytes(4, "big") + self._key).digest()
            self._block += 1
            # Reversed bytes read as little-endian words are the same words, last one first:
            # pop() then gives them in order.
            waiting.extend(_WORDS.unpack(digest[::-1]))
        return waiting.pop() * _SCALE
