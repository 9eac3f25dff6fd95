"""The words of links: how they share their visitors, and the fields of their first message."""

from enum import StrEnum

from domain.rotation import Strategy


class RotationType(StrEnum):
    """How a link chooses the next number, as it is stored and shown."""

    SEQUENTIAL = "SEQUENTIAL"
    RANDOM = "RANDOM"
    WEIGHTED = "WEIGHTED"
    STICKY = "STICKY"
    LEAST_LOADED = "LEAST_LOADED"

    @property
    def strategy(self) -> Strategy:
        return Strategy(self.value.lower())


CODE_FIELD = "kode"
UTM = ("source", "medium", "campaign", "content", "term")
FIELDS = frozenset(
    {CODE_FIELD, "agen", "sumber", "tautan", "toko", *(f"utm_{name}" for name in UTM)}
)
"""What a first message may name: the code, the agent, where the visitor came from, the link's name
and the shop's."""

SOURCE_KEYS = frozenset(
    {
        "src",
        *(f"utm_{name}" for name in UTM),
        *("gclid", "gbraid", "wbraid", "fbclid", "ttclid", "msclkid", "twclid", "igshid"),
    }
)
"""What is kept of an address: the label of a printed code, utm_* and the ids of advertisers."""
SOURCE_CHARS_MOST = 500

SLUG = r"^[a-z0-9][a-z0-9-]{0,59}$"
