"""When which process is killed: drawn from a seed before the broadcast begins."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Profile = Literal["embedded", "mariadb"]
What = Literal["worker", "redis", "redis_emptied", "api", "database"]

PROFILES: tuple[Profile, ...] = ("embedded", "mariadb")
WORKERS = 2
LAST_BLOW_S = 26.0
"""After this many seconds the broadcast is left in peace, so that a run has an end."""
WORKER_EVERY_S = (2.0, 5.0)
REDIS_DOWN_S = (0.3, 2.0)
API_DOWN_S = (0.3, 1.5)
DATABASE_DOWN_S = (2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Blow:
    """One SIGKILL, `at_s` seconds after the start; the process stays down for `down_s`."""

    at_s: float
    what: What
    down_s: float = 0.0
    index: int = 0
    """Which worker, from 1; 0 for what there is one of."""


def blows(seed: int, profile: Profile) -> list[Blow]:
    """The blows of a run in their order; the same seed and profile give the same ones."""
    rng = Random(f"{profile}/{seed}")
    found = list(_at_workers(rng))
    found.append(Blow(rng.uniform(4, 12), "redis", rng.uniform(*REDIS_DOWN_S)))
    found.append(Blow(rng.uniform(12, 22), "redis_emptied", rng.uniform(*REDIS_DOWN_S)))
    found.append(Blow(rng.uniform(4, 22), "api", rng.uniform(*API_DOWN_S)))
    if profile == "mariadb":
        for earliest_s, latest_s in ((4, 10), (15, 22)):
            at_s = rng.uniform(earliest_s, latest_s)
            found.append(Blow(at_s, "database", rng.uniform(*DATABASE_DOWN_S)))
    return sorted(found, key=lambda blow: blow.at_s)


def _at_workers(rng: Random) -> list[Blow]:
    found: list[Blow] = []
    at_s = rng.uniform(*WORKER_EVERY_S)
    while at_s < LAST_BLOW_S:
        found.append(Blow(at_s, "worker", index=rng.randint(1, WORKERS)))
        at_s += rng.uniform(*WORKER_EVERY_S)
    return found
