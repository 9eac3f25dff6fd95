"""The verdict on a run: the simulator's ledger against the database, and nothing else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from sqlalchemy import Table, func, select

from runtime.claims import TERMINAL, runs
from runtime.compose import App
from runtime.demo.verdict import REACHED, Verdict, judge
from services.campaigns.models import Campaign
from services.messages.models import OutboundMessage

messages: Table = OutboundMessage.__table__  # type: ignore[assignment]
campaigns: Table = Campaign.__table__  # type: ignore[assignment]

UNKNOWN_MOST = 3
"""Evidence is always to be had here, so UNKNOWN is left for a message that had three times in a row
the bad luck (5 % each) not to be delivered: 0.1 of 600 expected, more than 3 once in 250,000 runs.
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was counted. Gaps in unscaled seconds, as the campaign asked for them."""

    campaign_status: str
    recipients: int
    verdict: Verdict
    asked_again: int
    """Sends the simulator dropped because it had delivered that id before: doubles, but for it."""
    open_messages: int
    open_runs: int
    shortest_gap_s: float
    most_in_flight: int
    unknown_reasons: Mapping[str, int]
    settled_by: Mapping[str, int]
    resent: int


def find(app: App, campaign_id: int, sandbox_url: str) -> Findings:
    """Count, once nothing is under way any more."""
    verdict = judge(app.database, campaign_id, sandbox_url)
    told = httpx.get(f"{sandbox_url}/sandbox/ledger/summary", timeout=30).json()
    with app.database.read() as connection:
        status = connection.execute(
            select(campaigns.c.status).where(campaigns.c.id == campaign_id)
        ).scalar_one()
        rows = connection.execute(
            select(
                messages.c.status, messages.c.reason, messages.c.evidence, messages.c.resends
            ).where(messages.c.campaign_id == campaign_id)
        ).all()
        open_runs = connection.execute(
            select(func.count()).where(
                runs.c.campaign_id == campaign_id, runs.c.status.not_in(TERMINAL)
            )
        ).scalar_one()
    gaps = [app.clock.unscaled(gap) for gap in verdict.gaps_s.values()]
    return Findings(
        campaign_status=status,
        recipients=sum(verdict.by_state.values()),
        verdict=verdict,
        asked_again=told["suppressed"],
        open_messages=sum(row.status in ("PENDING", "SENDING", "AMBIGUOUS") for row in rows),
        open_runs=open_runs,
        shortest_gap_s=min(gaps, default=0.0),
        most_in_flight=max(told["max_in_flight"].values(), default=0),
        unknown_reasons=Counter(row.reason for row in rows if row.status == "UNKNOWN"),
        settled_by=Counter(row.evidence["by"] for row in rows if "by" in (row.evidence or {})),
        resent=sum(row.resends for row in rows),
    )


def complaints(found: Findings, recipients: int, delay_min_s: float) -> list[str]:
    """Every promise that was broken; empty when all were kept."""
    verdict = found.verdict
    unknown = verdict.by_state.get("UNKNOWN", 0)
    reached = sum(verdict.by_state.get(word, 0) for word in REACHED)
    judged = {
        f"the campaign is {found.campaign_status}": found.campaign_status != "COMPLETED",
        f"{found.recipients} recipients instead of {recipients}": found.recipients != recipients,
        f"{verdict.duplicates} delivered twice": verdict.duplicates > 0,
        f"{found.asked_again} asked again after delivery": found.asked_again > 0,
        f"{verdict.lost} lost": verdict.lost > 0,
        f"{verdict.unlisted} delivered, but not called so": verdict.unlisted > 0,
        # No fault of these is a refusal: whoever was not reached must be in doubt.
        f"{recipients - reached - unknown} neither reached nor in doubt": (
            reached + unknown != recipients
        ),
        f"{found.open_messages} messages without a last word": found.open_messages > 0,
        f"{found.open_runs} runs without an end": found.open_runs > 0,
        f"{unknown} UNKNOWN, at most {UNKNOWN_MOST} can be bad luck": unknown > UNKNOWN_MOST,
        f"a gap of {found.shortest_gap_s:.2f} s": found.shortest_gap_s < delay_min_s,
        f"{found.most_in_flight} at once on one device": found.most_in_flight > 1,
    }
    return [words for words, broken in judged.items() if broken]
