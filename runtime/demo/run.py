"""`alir demo`: a broadcast to the simulator with a worker killed half-way; then customers write."""

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runtime import compose
from runtime.compose import App
from runtime.demo import act, bot
from runtime.demo import shop as demo_shop
from runtime.demo.verdict import REACHED, Verdict, judge
from runtime.migrate import migrate
from runtime.processes.supervisor import (
    OCR_PYTHON,
    SANDBOX_KEY,
    Installation,
    Layout,
    free_port,
    running,
)
from services.campaigns import report
from services.campaigns import service as campaigns
from services.contacts.models import Import
from services.kit.config import Settings
from services.kit.errors import Unavailable

TIME_SCALE = 200.0
DELAY_S = (5.0, 20.0)
"""The pauses the product was specified with, before they are scaled down for the show."""
BURST_S = 200.0
"""Several messages in a row are over after so long, before it is scaled down: 1 s in the show."""
PATIENCE_S = 120.0
LOOK_S = 0.2
RECEIPTS_S = 2.0
"""How long the last receipts are waited for once everything was sent."""
ON_THEIR_WAY = ("SENT", "DELIVERED")
SANDBOX_OPTIONS = ("--ack-device-ms", "300", "--ack-read-ms", "1200", "--time-scale", "0.05")
ENDED = ("COMPLETED", "CANCELLED", "HELD")
SHOWN = ("QUEUED", "SENDING", "SENT", "DELIVERED", "READ", "FAILED", "SKIPPED", "UNKNOWN")


def run(*, as_json: bool = False, contacts: Path | None = None, kill: bool = True) -> int:
    """Run the show; 0 only if nobody got it twice, nobody was lost and every gap was kept."""
    started = time.monotonic()
    console = Console(stderr=as_json, highlight=False)
    base = Settings()
    folder = base.var / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = base.model_copy(
        update={
            "var": folder,
            "database_url": "",
            "redis_url": "",
            "time_scale": TIME_SCALE,
            "log_level": "WARNING",
        }
    )
    log = (folder / "processes.log").open("a", encoding="utf-8")

    def say(name: str, line: str) -> None:
        log.write(f"{name:>10} | {line}\n")
        log.flush()

    reads = OCR_PYTHON.exists()
    layout = Layout(
        settings,
        port=0,
        sandbox_port=0,
        workers=2,  # one is killed half-way
        slow_workers=1 if reads else 0,
        ocr_port=free_port(0, "the reader of images", "--ocr-port") if reads else None,
        sandbox_options=SANDBOX_OPTIONS,
    )
    with running(layout, say) as installation:
        outcome = _show(console, installation, settings, contacts, kill)
    log.close()
    outcome["seconds"] = round(time.monotonic() - started, 1)
    good = outcome.pop("good")
    if as_json:
        sys.stdout.write(json.dumps(outcome, ensure_ascii=False) + "\n")
    else:
        console.print(
            f"Everything took [bold]{outcome['seconds']} s[/]. Report: {outcome['report']}"
        )
    return 0 if good else 1


def _show(
    console: Console,
    installation: Installation,
    settings: Settings,
    contacts: Path | None,
    kill: bool,
) -> dict[str, Any]:
    console.print(
        "[bold]Alir demo[/]: a broadcast from a CSV file to the WhatsApp simulator, and replies."
    )
    console.print(
        f"Pauses of {DELAY_S[0]:.0f}-{DELAY_S[1]:.0f} s per number, shown "
        f"[bold]{TIME_SCALE:.0f} times faster[/]; gaps below are in unscaled seconds."
    )
    console.print("Quiet hours are [bold]switched off[/] for this show: it may be run at night.")
    _step(console, "Valkey, simulator", lambda: _first(installation))
    app = compose.build(settings)
    _step(console, "Database", lambda: migrate(app.database))
    _step(
        console,
        "API and workers (slower at the very first start)",
        lambda: _second(installation),
    )
    shop = _step(
        console,
        "Shop with 3 paired numbers",
        lambda: demo_shop.make(
            app,
            installation.sandbox_url,
            SANDBOX_KEY,
            installation.api_url,
            quiet_hours=False,
        ),
    )
    made = _step(
        console,
        f"Reply flow, {len(bot.RULES)} keyword rules, one link",
        lambda: bot.make(app, shop.tenant_id, shop.numbers, burst_s=BURST_S),
    )
    path = contacts or demo_shop.CONTACTS
    taken = _step(
        console,
        f"Import of {path.name}",
        lambda: demo_shop.take_contacts(app, shop.tenant_id, path),
    )
    campaign_id = demo_shop.start_campaign(app, compose.flows(), shop, demo_shop.TAG, DELAY_S)
    _watch(console, app, shop.tenant_id, campaign_id, installation, kill)
    _settle(console, app, shop.tenant_id, campaign_id)
    verdict = judge(app.database, campaign_id, installation.sandbox_url)
    outcome = _end(console, app, shop.tenant_id, campaign_id, verdict, taken, settings)
    console.print(
        f"\n[bold]Now customers write.[/] Messages in a row get one answer, after "
        f"{app.clock.seconds(BURST_S):.0f} s without another."
    )
    played = act.run(
        app,
        shop,
        made,
        campaign_id,
        (installation.sandbox_url, installation.api_url, installation.ocr_url),
        DELAY_S,
        installation.look_after,
    )
    act.tell(console, played)
    outcome["good"] = outcome["good"] and played.good
    return outcome | played.as_json()


def _first(installation: Installation) -> None:
    installation.start_redis()
    installation.start_sandbox()
    installation.start_ocr()


def _second(installation: Installation) -> None:
    installation.start_workers()
    installation.start_api()


T = TypeVar("T")


def _step(console: Console, what: str, do: Callable[[], T]) -> T:
    begun = time.monotonic()
    found = do()
    console.print(f"  [green]ok[/] {what} [dim]{time.monotonic() - begun:.1f} s[/]")
    return found


def _watch(
    console: Console,
    app: App,
    tenant_id: int,
    campaign_id: int,
    installation: Installation,
    kill: bool,
) -> None:
    """Show the campaign until it has ended; kill a worker at half-way."""
    until = time.monotonic() + PATIENCE_S
    note = Text("")
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while True:
            installation.look_after()
            with app.database.reading_session() as session:
                stats = campaigns.stats(session, tenant_id, campaign_id, app.clock.now())
            reached = sum(stats.by_state.get(word, 0) for word in REACHED)
            if kill and stats.recipients and reached >= stats.recipients / 2:
                kill = False
                pid = installation.children["worker-1"].kill()
                note = Text(
                    f"worker-1 (process {pid}) was ended with SIGKILL at half-way; it goes on.",
                    style="bold yellow",
                )
            live.update(_picture(stats, reached, note))
            if stats.status in ENDED:
                return
            if time.monotonic() > until:
                raise Unavailable(
                    f"The campaign is still {stats.status} after {PATIENCE_S:.0f} s.",
                    code="demo_stuck",
                    hint=f"See {app.settings.var / 'processes.log'}.",
                )
            time.sleep(LOOK_S)


def _settle(console: Console, app: App, tenant_id: int, campaign_id: int) -> None:
    """Say how many were reached, and give the last receipts a moment to come in."""
    until = time.monotonic() + RECEIPTS_S
    while True:
        with app.database.reading_session() as session:
            stats = campaigns.stats(session, tenant_id, campaign_id, app.clock.now())
        if not any(stats.by_state.get(word) for word in ON_THEIR_WAY):
            break
        if time.monotonic() > until:
            break
        time.sleep(LOOK_S)
    reached = sum(stats.by_state.get(word, 0) for word in REACHED)
    told = ", ".join(
        f"{stats.by_state[word]} {word.lower()}" for word in REACHED if stats.by_state.get(word)
    )
    if not console.is_terminal:
        console.print()  # there a live picture does not end its last line
    console.print(f"[bold green]reached {reached}[/] of {stats.recipients} ({told})")


def _picture(stats: campaigns.Stats, reached: int, note: Text) -> Group:
    table = Table(show_edge=False, pad_edge=False, box=None)
    for word in SHOWN:
        table.add_column(word.lower(), justify="right", min_width=9)
    table.add_row(*(str(stats.by_state.get(word, 0)) for word in SHOWN))
    bar = ProgressBar(total=max(stats.recipients, 1), completed=reached, width=60)
    head = Text(f"{stats.status}  {reached} of {stats.recipients} sent")
    return Group(head, bar, Text(), table, note)  # a bar does not end its line


def _end(
    console: Console,
    app: App,
    tenant_id: int,
    campaign_id: int,
    verdict: Verdict,
    taken: Import,
    settings: Settings,
) -> dict[str, Any]:
    folder = settings.var.resolve()
    zone = "Asia/Jakarta"
    written = folder / "report.txt"
    written.write_text(
        report.text(app.database, tenant_id, campaign_id, app.clock.now(), zone), encoding="utf-8"
    )
    report.write_csv(app.database, tenant_id, campaign_id, zone, folder / "report.csv")
    gaps = {name: round(app.clock.unscaled(gap), 2) for name, gap in verdict.gaps_s.items()}
    shortest = min(gaps.values(), default=0.0)
    rejected = dict(taken.totals.get("rejected_by_reason", {}))
    good = (
        verdict.duplicates == 0
        and verdict.lost == 0
        and verdict.unlisted == 0
        and shortest >= DELAY_S[0]
        and sum(verdict.by_state.values()) > 0
    )
    table = Table(title="What the simulator's ledger says", title_justify="left")
    table.add_column("what")
    table.add_column("figure", justify="right")
    reached = sum(verdict.by_state.get(word, 0) for word in REACHED)
    table.add_row("recipients reached", str(reached))
    for word, number in verdict.by_state.items():
        table.add_row(f"recipients {word}", str(number))
    if "UNKNOWN" not in verdict.by_state:
        table.add_row("recipients UNKNOWN", "0")
    for reason, number in sorted(rejected.items()):
        table.add_row(f"rejected row: {reason}", str(number))
    for name, number in verdict.per_device.items():
        table.add_row(f"{name}: messages", str(number))
        table.add_row(f"{name}: shortest gap", f"{gaps[name]:.2f} s")
    table.add_row("distinct texts", str(verdict.distinct_texts))
    table.add_row("written to twice", _judged(verdict.duplicates))
    table.add_row("lost", _judged(verdict.lost))
    console.print(table)
    return {
        "recipients": sum(verdict.by_state.values()),
        "by_state": dict(verdict.by_state),
        "rejected": rejected,
        "per_device": dict(verdict.per_device),
        "min_gap_s": shortest,
        "distinct_texts": verdict.distinct_texts,
        "duplicates": verdict.duplicates,
        "lost": verdict.lost,
        "seconds": 0.0,
        "report": str(written),
        "good": good,
    }


def _judged(number: int) -> str:
    return f"[bold green]{number}[/]" if number == 0 else f"[bold red]{number}[/]"
