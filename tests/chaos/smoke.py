"""`make chaos-smoke`: kill what can be killed during a broadcast, then count every message.

PROFILE=embedded|mariadb (default: both)   SEED=n (default: any; printed, to be repeated)
"""

import argparse
import os
import secrets
import sys

from rich.console import Console
from rich.table import Table

from tests.chaos.battle import DELAY_S, TIME_SCALE, Outcome, fight
from tests.chaos.blows import PROFILES
from tests.support import mariadb


def main(arguments: list[str] | None = None) -> int:
    """0 only if every promise was kept in every profile."""
    parser = argparse.ArgumentParser(description="Kill processes during a broadcast, and count.")
    parser.add_argument("--profile", default=os.environ.get("PROFILE", ""))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 0))
    options = parser.parse_args(arguments)
    profiles = [name for name in PROFILES if options.profile in ("", name)]
    if not profiles:
        parser.error(f"the profile is one of {', '.join(PROFILES)}")
    seed = options.seed or secrets.randbelow(1_000_000) + 1
    console = Console(highlight=False, width=100)
    good = True
    for profile in profiles:
        if profile == "mariadb" and not mariadb.is_installed():
            console.print("MariaDB is not installed: make setup-dev", style="bold red")
            return 1
        console.print(f"[bold]{profile}[/], seed {seed}: a broadcast under fire ...")
        outcome = fight(profile, seed)
        console.print(_table(outcome))
        for complaint in outcome.complaints:
            console.print(f"  broken: {complaint}", style="bold red")
        if outcome.complaints:
            good = False
            console.print(f"  again: make chaos-smoke PROFILE={profile} SEED={seed}")
            console.print(f"  what everybody said: {outcome.folder / 'processes.log'}")
    return 0 if good else 1


def _table(outcome: Outcome) -> Table:
    found = outcome.findings
    verdict = found.verdict
    table = Table(
        title=f"{outcome.profile}, seed {outcome.seed}: {outcome.seconds:.0f} s, "
        f"{TIME_SCALE:.0f} times faster",
        title_justify="left",
    )
    table.add_column("what")
    table.add_column("figure", justify="right")
    rows: list[tuple[str, object]] = [
        ("recipients", found.recipients),
        *((f"  {word}", number) for word, number in verdict.by_state.items()),
    ]
    if "UNKNOWN" not in verdict.by_state:
        rows.append(("  UNKNOWN", 0))
    rows += [(f"  UNKNOWN: {why}", number) for why, number in found.unknown_reasons.items()]
    rows += [
        ("delivered twice", verdict.duplicates),
        ("asked again after delivery", found.asked_again),
        ("lost", verdict.lost),
        ("without a last word", found.open_messages + found.open_runs),
        (f"shortest gap, unscaled (asked: {DELAY_S[0]:.0f} s)", f"{found.shortest_gap_s:.2f} s"),
        ("most at once on one device", found.most_in_flight),
        ("killed", sum(outcome.kills.values())),
        *((f"  {what}", number) for what, number in sorted(outcome.kills.items())),
        ("faulty answers", sum(outcome.faults.values())),
        *((f"  {what}", number) for what, number in outcome.faults.items()),
        *((f"settled by {what}", number) for what, number in sorted(found.settled_by.items())),
        ("sent again on evidence", found.resent),
        *((f"log: {word}", number) for word, number in outcome.troubles.items()),
    ]
    for what, number in rows:
        table.add_row(what, str(number))
    return table


if __name__ == "__main__":
    sys.exit(main())
