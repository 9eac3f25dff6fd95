"""Manners of a sender: how long it types, and how long it rests before the next broadcast."""

from nodes.contract import Context, NodeError

TYPING_MIN_S = 2.0
TYPING_MAX_S = 12.0
TYPED_CHARS_PER_S = 12.0
"""A quick thumb; market.md 3.3 asks for a duration from the length, within 2 and 12 seconds."""


def typing_s(text: str) -> float:
    """How long a person types this text, in unscaled seconds."""
    return round(min(TYPING_MAX_S, max(TYPING_MIN_S, len(text) / TYPED_CHARS_PER_S)), 1)


def gap_s(shortest: float | None, longest: float | None, ctx: Context) -> tuple[float, float]:
    """The pause before the device's next broadcast: the step's own, else the campaign's.

    A bound that is left empty is the campaign's. Raises: NodeError when the longest is below the
    shortest.
    """
    if shortest is None and longest is None:
        return ctx.gap_min_s, ctx.gap_max_s
    low = shortest if shortest is not None else min(ctx.gap_min_s, longest or 0.0)
    high = longest if longest is not None else max(ctx.gap_max_s, low)
    if high < low:
        raise NodeError(
            f"The longest pause ({high:g} s) is below the shortest ({low:g} s).",
            code="bad_delay",
        )
    return low, high
