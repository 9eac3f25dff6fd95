"""Makes a stale text again: same choices, the present hour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.text import parse, seeded, system_values
from domain.zones import WIB, zone_of

SEED_PARTS = "\x1f"


def render_again(recipe: Mapping[str, Any], now: datetime) -> str:
    """The text of a recipe (what Spintax gave) as it reads at `now`."""
    values = dict(recipe["values"])
    zone = str(values.pop("zone", WIB))
    clock = system_values(now.astimezone(zone_of(zone)))
    text = parse(str(recipe["source"]))
    return text.render({**clock, **values}, seeded(*str(recipe["seed"]).split(SEED_PARTS)))
