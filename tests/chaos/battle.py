"""One run: a whole installation sends a broadcast while its processes are killed."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from runtime import compose
from runtime.compose import App
from runtime.migrate import migrate
from runtime.processes.child import Child
from runtime.processes.supervisor import SANDBOX_KEY, Installation, Layout, running
from services.kit.config import Settings
from tests.chaos import database_server, faults, shop
from tests.chaos.blows import WORKERS, Blow, Profile, blows
from tests.chaos.judgement import Findings, campaigns, complaints, find

TIME_SCALE = 100.0
DELAY_S = (5.0, 20.0)
PATIENCE_S = 90.0
LOOK_S = 0.05
ASK_S = 0.25
READY_S = 30.0
GONE_S = 5.0
ENDED = ("COMPLETED", "CANCELLED", "HELD")
SANDBOX_OPTIONS = ("--ack-device-ms", "300", "--ack-read-ms", "1200", "--time-scale", "0.05")
TROUBLES = ("pump_died", "round_failed", "Traceback")
"""Words of the log that are counted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed. `complaints` is empty when every promise was kept."""

    profile: Profile
    seed: int
    findings: Findings
    kills: Mapping[str, int]
    faults: Mapping[str, int]
    troubles: Mapping[str, int]
    seconds: float
    complaints: tuple[str, ...]
    folder: Path


def fight(profile: Profile, seed: int, folder: Path | None = None) -> Outcome:
    """Send, kill, wait for the end, judge. The folder is removed when all is well."""
    folder = folder or Path(tempfile.mkdtemp(prefix="alir-chaos-"))
    # The database's user must be able to walk to its own folder.
    folder.chmod(0o755)
    with (folder / "processes.log").open("a", encoding="utf-8") as log:

        def say(name: str, line: str) -> None:
            log.write(f"{time.strftime('%H:%M:%S')} {name:>9} | {line}\n")
            log.flush()

        with _database(profile, folder, say) as (database, url):
            settings = Settings(
                _env_file=None,
                var=folder / "var",
                database_url=url,
                time_scale=TIME_SCALE,
                shortest_call_s=faults.CALL_S,
                log_level="WARNING",
            )
            layout = Layout(
                settings,
                port=0,
                sandbox_port=0,
                workers=WORKERS,
                sandbox_options=(*SANDBOX_OPTIONS, "--seed", str(seed)),
                extra={"ALIR_SHORTEST_CALL_S": str(faults.CALL_S)},
            )
            with running(layout, say) as installation:
                outcome = _run(profile, seed, folder, settings, installation, database, say)
    if not outcome.complaints:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


@contextmanager
def _database(
    profile: Profile, folder: Path, say: Callable[[str, str], None]
) -> Iterator[tuple[Child | None, str]]:
    """The server to be killed and its address; None and "" for SQLite, which has none."""
    if profile == "embedded":
        yield None, ""
        return
    child, server = database_server.make(folder / "db", say)
    child.start()
    try:
        until = time.monotonic() + READY_S
        while not database_server.answers(server):
            if time.monotonic() > until or child.ended_with is not None:
                raise RuntimeError("MariaDB did not start")
            time.sleep(LOOK_S)
        yield child, database_server.make_schema(server)
    finally:
        child.stop()


def _run(
    profile: Profile,
    seed: int,
    folder: Path,
    settings: Settings,
    installation: Installation,
    database: Child | None,
    say: Callable[[str, str], None],
) -> Outcome:
    installation.start_redis()
    installation.start_sandbox()
    app = compose.build(settings)
    migrate(app.database)
    installation.start_workers()
    installation.start_api()
    made = shop.make(
        app,
        shop.Addresses(installation.sandbox_url, SANDBOX_KEY, installation.api_url),
        folder,
    )
    faults.switch_on(installation.sandbox_url, seed)
    started = time.monotonic()
    campaign_id = shop.start(app, made, DELAY_S)
    targets = _Targets(installation, database, settings.var / "valkey", say)
    _strike_until_over(app, campaign_id, targets, blows(seed, profile))
    seconds = time.monotonic() - started
    # What the simulator still holds back must arrive before the count: it might be a double.
    time.sleep(faults.LATE_S + 0.5)
    found = find(app, campaign_id, installation.sandbox_url)
    troubles = _troubles(folder / "processes.log")
    wrong = complaints(found, shop.RECIPIENTS, DELAY_S[0])
    if troubles.get("pump_died"):
        wrong.append(f"{troubles['pump_died']} loops died in a living worker")
    if not targets.kills:
        wrong.append("nothing was killed")
    hits = faults.hits(installation.sandbox_url)
    app.database.close()
    return Outcome(
        profile, seed, found, targets.kills, hits, troubles, seconds, tuple(wrong), folder
    )


def _strike_until_over(
    app: App, campaign_id: int, targets: "_Targets", planned: list[Blow]
) -> None:
    """Strike what is due and restart what is down, until the campaign has ended."""
    begun = time.monotonic()
    asked_at = begun
    while (now := time.monotonic()) < begun + PATIENCE_S:
        while planned and planned[0].at_s <= now - begun:
            targets.strike(planned.pop(0), now)
        targets.look_after(now)
        if now - asked_at >= ASK_S:
            asked_at = now
            if _status(app, campaign_id) in ENDED:
                break
        time.sleep(LOOK_S)
    targets.release()


def _status(app: App, campaign_id: int) -> str | None:
    try:
        with app.database.read() as connection:
            word: str = connection.execute(
                select(campaigns.c.status).where(campaigns.c.id == campaign_id)
            ).scalar_one()
            return word
    except SQLAlchemyError:
        return None  # the database is down, as it should be now and then


class _Targets:
    """The processes that may be struck, and how long each stays down."""

    def __init__(
        self,
        installation: Installation,
        database: Child | None,
        redis_folder: Path,
        say: Callable[[str, str], None],
    ) -> None:
        self.kills: Counter[str] = Counter()
        self._children = dict(installation.children)
        if database is not None:
            self._children["database"] = database
        self._redis_folder = redis_folder
        self._down_until: dict[str, float] = {}
        self._say = say

    def strike(self, blow: Blow, now: float) -> None:
        name = self._name(blow)
        child = self._children[name]
        pid = child.kill()
        if pid is None:
            self._say("chaos", f"{name} is down already")
            return
        self._say("chaos", f"{blow.what}: {name} (process {pid}) killed at {blow.at_s:.1f} s")
        self.kills[blow.what] += 1
        self._down_until[name] = now + blow.down_s
        if blow.what == "redis_emptied":
            _until_gone(child)
            for path in self._redis_folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def _name(self, blow: Blow) -> str:
        """A worker that is down already is spared, and the other one struck."""
        if blow.what == "worker":
            names = [f"worker-{1 + (blow.index - 1 + n) % WORKERS}" for n in range(WORKERS)]
            return next((name for name in names if self._children[name].pid), names[0])
        return {"redis": "valkey", "redis_emptied": "valkey"}.get(blow.what, blow.what)

    def look_after(self, now: float) -> None:
        for name, child in self._children.items():
            if now >= self._down_until.get(name, 0.0):
                child.look_after()

    def release(self) -> None:
        """Have everything up again for the count."""
        self._down_until.clear()
        until = time.monotonic() + READY_S
        while any(child.pid is None for child in self._children.values()):
            if time.monotonic() > until:
                raise RuntimeError("a process does not come back")
            self.look_after(time.monotonic())
            time.sleep(LOOK_S)


def _until_gone(child: Child) -> None:
    until = time.monotonic() + GONE_S
    while child.pid is not None:
        if time.monotonic() > until:
            raise RuntimeError(f"{child.plan.name} survives SIGKILL")
        time.sleep(0.01)


def _troubles(log: Path) -> dict[str, int]:
    text = log.read_text(encoding="utf-8")
    return {word: text.count(word) for word in TROUBLES}
