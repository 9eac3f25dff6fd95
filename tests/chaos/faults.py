"""How a fifth of the simulator's answers lie, in the proportions the design was tried with."""

from typing import Any

import httpx

CALL_S = 1.2
"""How long a send waits for its answer here, in real seconds (`shortest_call_s`)."""
LATE_S = CALL_S + 1.5
"""When a delayed message arrives: after we have given up, before the settle time (2 s) is over."""

RULES: tuple[dict[str, Any], ...] = (
    {"kind": "http_500_before", "share": 0.05},
    {"kind": "http_500_after", "share": 0.05},
    {"kind": "hang_after", "share": 0.04, "seconds": CALL_S + 1.0},
    {"kind": "hang_before_then_send", "share": 0.03, "seconds": LATE_S},
    {"kind": "reset_after", "share": 0.03},
)


def switch_on(sandbox_url: str, seed: int) -> None:
    body = {"seed": seed, "rules": list(RULES)}
    httpx.put(f"{sandbox_url}/sandbox/faults", json=body, timeout=10).raise_for_status()


def hits(sandbox_url: str) -> dict[str, int]:
    """How many answers of each kind were given."""
    told: dict[str, int] = httpx.get(f"{sandbox_url}/sandbox/faults", timeout=10).json()["hits"]
    return dict(sorted(told.items()))
