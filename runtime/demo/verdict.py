"""What the simulator's ledger says about a campaign, beside what the database says."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
from sqlalchemy import Table, select

from services.campaigns.models import CampaignLog
from services.devices.models import Device
from services.kit.db import Database

logs: Table = CampaignLog.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]

PAGE = 5000
REACHED = ("SENT", "DELIVERED", "READ")
FINAL = (*REACHED, "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost`: people the database calls reached, or has no last word for, whom nothing reached.

    `duplicates`: deliveries beyond the first to one person. `gaps_s`: shortest time between two
    sends of a device, real seconds.
    """

    by_state: Mapping[str, int]
    per_device: Mapping[str, int]
    gaps_s: Mapping[str, float]
    distinct_texts: int
    duplicates: int
    lost: int
    unlisted: int
    """Deliveries to recipients whom the database does not call reached (nor UNKNOWN)."""


def ledger_rows(sandbox_url: str) -> Iterator[Mapping[str, Any]]:
    """Every row of the ledger, in order."""
    since = 0
    with httpx.Client(base_url=sandbox_url, timeout=30) as client:
        while True:
            page = client.get("/sandbox/ledger", params={"since": since, "limit": PAGE}).json()
            yield from page["rows"]
            if not page["rows"]:
                return
            since = page["next"]


def judge(database: Database, campaign_id: int, sandbox_url: str) -> Verdict:
    """Compare every recipient with every delivery."""
    with database.read() as connection:
        people = connection.execute(
            select(logs.c.phone, logs.c.status).where(logs.c.campaign_id == campaign_id)
        ).all()
        names = {
            row.session_name: row.display_name or row.session_name
            for row in connection.execute(select(devices.c.session_name, devices.c.display_name))
        }
    state_of = {row.phone: row.status for row in people}
    delivered: Counter[str] = Counter()
    per_device: Counter[str] = Counter()
    arrivals: dict[str, list[float]] = {}
    texts: set[str] = set()
    for row in ledger_rows(sandbox_url):
        phone = str(row["chat"]).partition("@")[0]
        if row["outcome"] != "delivered" or phone not in state_of:
            continue
        delivered[phone] += 1
        per_device[names.get(row["session"], row["session"])] += 1
        arrivals.setdefault(names.get(row["session"], row["session"]), []).append(
            row["arrived_mono"]
        )
        texts.add(row["text"])
    reached = [phone for phone, status in state_of.items() if status in REACHED]
    open_rows = [phone for phone, status in state_of.items() if status not in FINAL]
    return Verdict(
        by_state=dict(sorted(Counter(state_of.values()).items())),
        per_device=dict(sorted(per_device.items())),
        gaps_s={name: _shortest(times) for name, times in sorted(arrivals.items())},
        distinct_texts=len(texts),
        duplicates=sum(count - 1 for count in delivered.values()),
        lost=sum(1 for phone in [*reached, *open_rows] if not delivered[phone]),
        unlisted=sum(
            1
            for phone in delivered
            if state_of[phone] not in REACHED and state_of[phone] != "UNKNOWN"
        ),
    )


def _shortest(times: Sequence[float]) -> float:
    ordered = sorted(times)
    return min((later - earlier for earlier, later in pairwise(ordered)), default=0.0)
