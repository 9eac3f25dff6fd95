"""Why somebody is on the blacklist, and what each reason keeps from reaching them."""

from enum import StrEnum


class Reason(StrEnum):
    """`blacklist.reason`.

    UNSUBSCRIBE: asked for no more promotions. SPAM_REPORT: reported us. MANUAL: the owner said so.
    BOUNCE: the number could not be reached.
    """

    UNSUBSCRIBE = "UNSUBSCRIBE"
    SPAM_REPORT = "SPAM_REPORT"
    MANUAL = "MANUAL"
    BOUNCE = "BOUNCE"


SILENCING = frozenset({Reason.MANUAL, Reason.SPAM_REPORT})
"""These get no automatic answer either; the others are answered when they write first."""


def silences_replies(reason: str) -> bool:
    """Whether this reason keeps automatic replies back too, not only broadcasts and drips."""
    return reason in SILENCING
