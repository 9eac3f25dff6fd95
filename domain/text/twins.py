"""How many people get the very same words as somebody else."""

from __future__ import annotations

from math import expm1, log1p


def twin_share(variants: int, people: int) -> float:
    """The expected share (0-1) of `people` for whom somebody else gets the same variant.

    Every variant is taken to be equally likely, so weights make the true share higher; names and
    other values make it lower.

    Raises: ValueError when `variants` is below 1 or `people` is negative.
    """
    if variants < 1 or people < 0:
        raise ValueError("variants must be 1 or more, people 0 or more")
    if people < 2:
        return 0.0
    if variants == 1:
        return 1.0
    return -expm1((people - 1) * log1p(-1 / variants))
