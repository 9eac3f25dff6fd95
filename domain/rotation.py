"""Rotation: which device sends next, and which number the next click goes to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from math import gcd, log
from random import Random

HEALTH_FLOOR = 40
"""A device with a lower score takes no part in a health-weighted rotation."""

MAX_WEIGHT = 100
MAX_OPTIONS = 1_000
MAX_CYCLE = 20_000


class Strategy(StrEnum):
    """How to choose. Devices and link targets call the same thing by two names each."""

    ROUND_ROBIN = "round_robin"
    SEQUENTIAL = "sequential"
    WEIGHTED = "weighted"
    RANDOM = "random"
    LEAST_USED = "least_used"
    LEAST_LOADED = "least_loaded"
    STICKY = "sticky"
    HEALTH = "health"


DEVICE_STRATEGIES = (
    Strategy.ROUND_ROBIN,
    Strategy.WEIGHTED,
    Strategy.RANDOM,
    Strategy.LEAST_USED,
    Strategy.STICKY,
    Strategy.HEALTH,
)
TARGET_STRATEGIES = (
    Strategy.SEQUENTIAL,
    Strategy.RANDOM,
    Strategy.WEIGHTED,
    Strategy.STICKY,
    Strategy.LEAST_LOADED,
)


class RotationError(ValueError):
    """Options or weights that can't be rotated over."""


@dataclass(frozen=True, slots=True)
class Option:
    """A device or a number to choose from.

    `load` is what "least" compares: messages sent today, or open chats. `health` is 0-100.
    An option that is not `available` (disconnected, frozen, over its cap) keeps its place.
    Raises: RotationError when a number is out of range.
    """

    key: str
    weight: int = 1
    load: int = 0
    health: int = 100
    available: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= MAX_WEIGHT:
            raise RotationError(f"the weight of {self.key!r} must lie between 0 and {MAX_WEIGHT}")
        if self.load < 0 or not 0 <= self.health <= 100:
            raise RotationError(f"{self.key!r} needs a load from 0 up and a health of 0-100")


@dataclass(frozen=True, slots=True)
class Rotation:
    """What is remembered between two choices: how many there were, and the last one's key."""

    index: int = 0
    last: str = ""


def choose(
    strategy: Strategy,
    options: Sequence[Option],
    state: Rotation,
    rng: Random,
    *,
    contact: str = "",
    knows: str = "",
) -> tuple[Option | None, Rotation]:
    """The next option, or None when none is available, and the state to store.

    `contact` makes a sticky choice: the same contact gets the same option for as long as that is
    available, whatever happens to the others. `knows` is the option the contact already talks to;
    sticky prefers it to everything. State changes only when something was chosen.
    Raises: RotationError when two options share a key, or there are more than MAX_OPTIONS.
    """
    ready = _ready(strategy, options)
    if not ready:
        return None, state
    if strategy in (Strategy.ROUND_ROBIN, Strategy.SEQUENTIAL):
        chosen = _after(state.last, options, ready)
    elif strategy is Strategy.RANDOM:
        chosen = rng.choice(ready)
    elif strategy is Strategy.STICKY:
        chosen = _sticky(ready, contact, knows) or _after(state.last, options, ready)
    elif strategy in (Strategy.LEAST_USED, Strategy.LEAST_LOADED):
        least = min(_share(option) for option in ready)
        level = [option for option in ready if _share(option) == least]
        chosen = _after(state.last, options, level)
    else:
        chosen = ready[_cycle(_weights(strategy, ready))[state.index % _length(strategy, ready)]]
    return chosen, Rotation(state.index + 1, chosen.key)


def choose_at(
    strategy: Strategy,
    options: Sequence[Option],
    index: int,
    rng: Random,
    *,
    contact: str = "",
    knows: str = "",
) -> Option | None:
    """The choice with this number, for processes that draw numbers in blocks.

    The same as `choose` as long as the same options are available; it needs no last choice.
    Raises: RotationError, as `choose` does.
    """
    ready = _ready(strategy, options)
    if not ready:
        return None
    if strategy in (Strategy.ROUND_ROBIN, Strategy.SEQUENTIAL):
        return ready[index % len(ready)]
    last = ready[(index - 1) % len(ready)].key
    return choose(strategy, options, Rotation(index, last), rng, contact=contact, knows=knows)[0]


def counted(options: Sequence[Option], key: str) -> list[Option]:
    """The options after one more message (or chat) went to `key`."""
    return [
        replace(option, load=option.load + 1) if option.key == key else option for option in options
    ]


def weighted_cycle(weights: Sequence[int]) -> tuple[int, ...]:
    """Positions in an order that is smooth and exact: each appears `weight` times in the cycle.

    Because the order repeats, any run of `sum(weights)` choices holds each position exactly as
    often as its weight says, and heavy ones never come in one block.
    Shape: `sum(weights) / gcd(weights)` positions. Raises: RotationError for an empty or too long
    cycle.
    Source: the smooth weighted round-robin of nginx, by its published description.
    """
    return _cycle(tuple(weights))


@lru_cache(maxsize=512)
def _cycle(weights: tuple[int, ...]) -> tuple[int, ...]:
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise RotationError("a rotation needs weights from 0 up, and one above 0")
    common = gcd(*weights)
    shares = [weight // common for weight in weights]
    total = sum(shares)
    if total > MAX_CYCLE:
        raise RotationError(f"the weights make a cycle of {total}; {MAX_CYCLE} is the most")
    credit, order = [0] * len(shares), []
    for _ in range(total):
        credit = [have + share for have, share in zip(credit, shares, strict=True)]
        best = max(range(len(credit)), key=lambda position: (credit[position], -position))
        credit[best] -= total
        order.append(best)
    return tuple(order)


def _length(strategy: Strategy, ready: Sequence[Option]) -> int:
    return len(_cycle(_weights(strategy, ready)))


def _weights(strategy: Strategy, ready: Sequence[Option]) -> tuple[int, ...]:
    if strategy is Strategy.WEIGHTED:
        return tuple(option.weight for option in ready)
    # In tens, so that a score that moves by a point does not start a new cycle.
    return tuple(option.health // 10 for option in ready)


def _ready(strategy: Strategy, options: Sequence[Option]) -> list[Option]:
    if len(options) > MAX_OPTIONS:
        raise RotationError(f"{len(options)} options are too many; {MAX_OPTIONS} is the most")
    if len({option.key for option in options}) < len(options):
        raise RotationError("two options share a key")
    ready = [option for option in options if option.available and option.weight > 0]
    if strategy is Strategy.HEALTH:
        ready = [option for option in ready if option.health >= HEALTH_FLOOR]
    return ready


def _after(last: str, options: Sequence[Option], ready: Sequence[Option]) -> Option:
    """The first ready option behind the last one, in the order the owner put them."""
    places = {option.key: place for place, option in enumerate(options)}
    start = places.get(last, len(options) - 1)
    return min(ready, key=lambda option: (places[option.key] - start - 1) % len(options))


def _share(option: Option) -> float:
    return option.load / option.weight


def _sticky(ready: Sequence[Option], contact: str, knows: str) -> Option | None:
    """The option that a contact belongs to: every option bids, the highest bid wins.

    Taking one option away moves only its own contacts. Source: weighted rendezvous hashing.
    """
    for option in ready:
        if knows and option.key == knows:
            return option
    if not contact:
        return None
    return max(ready, key=lambda option: (_bid(option, contact), option.key))


def _bid(option: Option, contact: str) -> float:
    digest = sha256(f"{len(option.key)}:{option.key}:{contact}".encode()).digest()
    even = (int.from_bytes(digest[:8], "big") + 0.5) / 2**64
    return -option.weight / log(even)
