"""W2: a broadcast to 5,000 contacts over 10 devices without delay, by the usual workers.

(a) against a bare mock that only answers and counts: what our side can do. (b) against the
sandbox with ids and acks: what the two can do together. Every run proves that the engine's ledger
and the database tell the same: each recipient exactly once. Prints JSON.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import func, select

from bench import shop
from bench.measure import child, cpu_s, first_line, machine, pss_mb, spread
from runtime import compose
from runtime.migrate import migrate
from services.campaigns.models import Campaign, CampaignLog
from services.kit.config import Settings
from services.messages.models import OutboundMessage
from tests.support import mariadb, valkey

API_KEY = "sandbox"
DEVICES = 10
WORKERS = 2
"""As many as `alir up` starts, except on SQLite: there it is one."""
PATIENCE_S = float(os.environ.get("BENCH_PATIENCE_S", "600"))
LOOK_S = 0.25
QUIET_SHARE = 0.06
"""Of a core: what a resting worker uses at most."""
logs = CampaignLog.__table__
messages = OutboundMessage.__table__
campaigns = Campaign.__table__


@dataclass(frozen=True, slots=True)
class Case:
    """Which of the broadcasts to run."""

    engine: str
    """mock or sandbox."""
    database: str
    """sqlite or mariadb."""
    contacts: int


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("mock", "sandbox"), default="mock")
    options.add_argument("--database", choices=("sqlite", "mariadb"), default="sqlite")
    options.add_argument("--contacts", type=int, default=5000)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    print(json.dumps(report(Case(given.engine, given.database, given.contacts), given.runs)))


def report(case: Case, runs: int = 3) -> dict[str, Any]:
    """The median of some runs; raises when a run lost or doubled anything."""
    found = [run(case) for _ in range(runs)]
    return {
        "what": f"broadcast to {case.contacts}, {DEVICES} devices, {_workers(case)} workers",
        "engine": case.engine,
        "database": case.database,
        "messages_per_s": spread([one["messages_per_s"] for one in found]),
        "sending_messages_per_s": spread([one["sending_messages_per_s"] for one in found]),
        "worker_cpu_ms_a_message": spread([one["cpu_ms"] for one in found], 2),
        "workers_pss_mb": spread([one["pss_mb"] for one in found]),
        **machine(),
    }


def run(case: Case) -> dict[str, float]:
    """One broadcast on fresh rows with fresh processes."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    names = [f"dev{number}" for number in range(DEVICES)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis_url = stack.enter_context(valkey.running())
        url = stack.enter_context(_engine(case.engine, folder, names))
        env = {
            "ALIR_VAR": str(folder),
            "ALIR_REDIS_URL": redis_url,
            "ALIR_DATABASE_URL": stack.enter_context(_database(case.database)),
            "ALIR_MIN_ANY_GAP_S": "0",
        }
        os.environ.update(env)
        app = compose.build(Settings())
        stack.callback(app.database.close)
        migrate(app.database)
        shop.fill(app, url, API_KEY, case.contacts, names)
        pids = [
            stack.enter_context(child(_worker(number), folder / f"worker{number}.log", env)).pid
            for number in range(_workers(case))
        ]
        _wait_ready(pids)
        cpu_before = cpu_s(pids)
        began = time.monotonic()
        shop.begin(app)
        pss = _wait_done(app, pids)
        took_s = time.monotonic() - began
        cpu = cpu_s(pids) - cpu_before
        first, last = _sent_between(app)
        _prove(app, case, url)
    return {
        "messages_per_s": case.contacts / took_s,
        "sending_messages_per_s": case.contacts / max(last - first, 1e-6),
        "cpu_ms": cpu / case.contacts * 1000,
        "pss_mb": pss,
    }


def _workers(case: Case) -> int:
    return 1 if case.database == "sqlite" else WORKERS


def _worker(number: int) -> list[str]:
    return [
        *("-m", "celery", "-A", "runtime.worker", "worker", "--pool", "threads"),
        *("--concurrency", "2", "-Q", "webhook,broadcast,control", "-n", f"bench{number}@local"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    ]


def _wait_ready(pids: Sequence[int]) -> None:
    """Until the workers have started and rest: starting is not what is measured here."""
    deadline = time.monotonic() + 30
    used = 0.0
    while time.monotonic() < deadline:
        before, used = used, cpu_s(pids)
        if used > len(pids) * 0.3 and used - before < QUIET_SHARE * len(pids):
            return
        time.sleep(1.0)


def _wait_done(app: compose.App, pids: Sequence[int]) -> float:
    """Until the campaign is over; the largest memory of the workers meanwhile, in MB."""
    most, looks = 0.0, 0
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with app.database.read() as connection:
            status, why = connection.execute(
                select(campaigns.c.status, campaigns.c.status_reason)
            ).one()
        if status == "COMPLETED":
            return max(most, pss_mb(pids))
        if status in ("HELD", "CANCELLED"):
            raise RuntimeError(f"the broadcast stopped: {status} {why}")
        looks += 1
        if looks % 8 == 0:
            most = max(most, pss_mb(pids))
        time.sleep(LOOK_S)
    raise TimeoutError("the broadcast did not end")


def _sent_between(app: compose.App) -> tuple[float, float]:
    with app.database.read() as connection:
        first, last = connection.execute(
            select(func.min(messages.c.sending_at), func.max(messages.c.sent_at))
        ).one()
    return first.timestamp(), last.timestamp()


def _prove(app: compose.App, case: Case, url: str) -> None:
    """The engine's ledger and the database tell the same, recipient by recipient."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(messages.c.wa_msg_id, messages.c.status).where(messages.c.origin == "BROADCAST")
        ).all()
        states = {
            row.status: row.number
            for row in connection.execute(
                select(logs.c.status, func.count().label("number")).group_by(logs.c.status)
            )
        }
    reached = sum(states.get(word, 0) for word in ("SENT", "DELIVERED", "READ"))
    sent = {row.wa_msg_id for row in rows if row.status == "SENT"}
    if not reached == len(sent) == len(rows) == case.contacts:
        raise AssertionError(f"{case.contacts} recipients, {len(sent)} sent, rows: {states}")
    if case.engine == "mock":
        ledger = httpx.request("GET", f"{url}/ledger", content=b"all").json()
        if ledger["twice"] or set(ledger["sent"]) != sent:
            raise AssertionError(
                f"the mock counted {ledger['calls']} calls, {ledger['twice']} twice"
            )
        return
    summary = httpx.get(f"{url}/sandbox/ledger/summary", headers={"X-Api-Key": API_KEY}).json()
    if summary["duplicates"] or summary["delivered"] < case.contacts:
        raise AssertionError(f"the sandbox told: {summary}")


@contextmanager
def _engine(kind: str, folder: Path, names: Sequence[str]) -> Iterator[str]:
    log = folder / "engine.log"
    if kind == "mock":
        with child(["-m", "bench.bare_mock"], log) as process:
            yield first_line(process, log, "http://").strip()
        return
    arguments = ["-m", "sandbox", "--port", "0", "--data", str(folder / "sandbox"), "--quiet"]
    with child(arguments, log) as process:
        url = first_line(process, log, "http://").split()[-1]
        with httpx.Client(base_url=url, headers={"X-Api-Key": API_KEY}) as client:
            for number, name in enumerate(names):
                client.post("/api/sessions", json={"name": name, "start": True, "config": {}})
                _until_scannable(client, name)
                body = orjson.dumps({"phone": f"62811{number + 1:07d}"})
                client.post(f"/sandbox/phones/{name}/scan", content=body).raise_for_status()
        yield url


def _until_scannable(client: httpx.Client, name: str) -> None:
    for _ in range(100):
        if client.get(f"/api/sessions/{name}").json().get("status") == "SCAN_QR_CODE":
            return
        time.sleep(0.05)
    raise TimeoutError(f"session {name} never showed its code")


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """The address; empty for SQLite in the run's folder. MariaDB flushes at each commit."""
    if kind == "sqlite":
        yield ""
        return
    with mariadb.running() as server, server.database() as name:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        yield server.url(name)


if __name__ == "__main__":
    main()
