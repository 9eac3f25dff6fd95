"""Seeds: the same campaign, contact and node always give the same choice, everywhere."""

from hashlib import sha256
from random import Random

_FRACTION_BITS = 53  # what a float holds exactly


def seed(*parts: str | int) -> int:
    """A 256-bit number that depends on every part, on their order and on where one part ends.

    Preview, test, run and retry pass the same parts (campaign or run seed, contact identity,
    node id) and therefore render the same text.
    """
    digest = sha256()
    for part in parts:
        text = f"{'i' if isinstance(part, int) else 's'}{part}".encode()
        digest.update(f"{len(text)}:".encode() + text)
    return int.from_bytes(digest.digest(), "big")


def generator(*parts: str | int) -> Random:
    """A generator of its own for these parts, untouched by any other draw in the process."""
    return Random(seed(*parts))


def fraction(*parts: str | int) -> float:
    """A number in [0, 1) that is spread evenly over different parts: splits, shares, ties."""
    return float((seed(*parts) >> (256 - _FRACTION_BITS)) / (1 << _FRACTION_BITS))
