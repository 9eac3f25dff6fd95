"""W3: clicks on a link a second over 32 connections, with every click counted, killed or not.

One API process on SQLite with its drain running; the load comes from a process of its own. Beside
it, in the same run: a bare Starlette redirect on the same server, which is what this machine can
do at all just now, and the count after the process was killed in the middle of the load.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from bench.measure import child, cpu_s, machine, spread
from runtime.migrate import migrate
from services.accounts.models import Tenant
from services.kit.clock import Clock
from services.kit.db import Database
from services.rotators.models import LinkRotator, RotatorClick

CONNECTIONS = 32
SECONDS = 10.0
SLUG = "promo"
PHONES = [f"62812000000{number:02d}" for number in range(1, 6)]
GOAL_PER_S, GOAL_P99_MS = 10_000, 10.0
READY_S, DRAINED_S = 30.0, 120.0


def prepare(database: Database) -> None:
    """A shop with one link over five numbers."""
    migrate(database)
    now = Clock().now()
    with database.write() as connection:
        connection.execute(
            insert(Tenant),
            {
                "id": 1,
                "name": "Toko Melati",
                "zone": "Asia/Jakarta",
                "profile": {},
                "is_active": True,
                "created_at": now,
            },
        )
        connection.execute(
            insert(LinkRotator),
            {
                "id": 1,
                "tenant_id": 1,
                "slug": SLUG,
                "name": "Promo",
                "target_numbers": [{"phone": phone} for phone in PHONES],
                "default_message": "Halo kak, saya mau tanya promo 🙏",
                "created_at": now,
                "updated_at": now,
            },
        )


@contextmanager
def api(var: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """One API process as it is served, without a limit for the one address of the load."""
    env = {
        "ALIR_VAR": str(var),
        "ALIR_PORT": str(port),
        "ALIR_LINK_CLICKS_PER_MINUTE": "100000000",
        "ALIR_LOG_LEVEL": "WARNING",
    }
    log = var / f"api-{port}.log"
    with child(["-m", "runtime.processes.api"], log, env) as process:
        answering(port, process, log)
        yield process


def answering(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the port is served. Raises: RuntimeError with the end of the log."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as plain:
            if plain.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(log.read_text(encoding="utf-8")[-2000:])


def free_port() -> int:
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        port: int = plain.getsockname()[1]
    return port


def start_load(port: int, seconds: float) -> subprocess.Popen[bytes]:
    words = ["-m", "bench.http_load", str(port), f"/link/{SLUG}", str(CONNECTIONS), str(seconds)]
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE)


def result(load: subprocess.Popen[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(load.communicate(timeout=120)[0])
    return found


def counted(database: Database) -> tuple[int, int]:
    """Clicks in the link's count, and rows."""
    with database.read() as connection:
        count = connection.execute(select(LinkRotator.click_count)).scalar_one()
        rows = connection.execute(select(func.count()).select_from(RotatorClick)).scalar_one()
    return count, rows


def drained(database: Database, wanted: int) -> tuple[int, int, float]:
    """The count once it has reached `wanted`, or stopped growing for good; and how long it took."""
    began = time.monotonic()
    while counted(database)[0] < wanted and time.monotonic() - began < DRAINED_S:
        time.sleep(0.1)
    took = time.monotonic() - began
    time.sleep(1.0)  # were there too many, they would come now
    return (*counted(database), took)


def one_run(seconds: float) -> dict[str, Any]:
    """The bare redirect, the link, and the link killed in the middle."""
    with tempfile.TemporaryDirectory(prefix="alir-links-") as folder:
        var = Path(folder)
        database = Database(f"sqlite:///{var / 'alir.db'}")
        prepare(database)
        try:
            bare = _bare(var, min(seconds, 3.0))
            port = free_port()
            with api(var, port) as process:
                before = cpu_s([process.pid])
                found = result(start_load(port, seconds))
                cpu = cpu_s([process.pid]) - before
                count, rows, drain_s = drained(database, found["answered"])
            killed = _killed(var, database, count)
        finally:
            database.close()
    by_number = list(found["targets"].values())
    return {
        "rate": found["rate"],
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "worst_ms": found["worst_ms"],
        "cpu_us_a_click": 1e6 * cpu / max(found["answered"], 1),
        "bare_rate": bare["rate"],
        "of_bare": found["rate"] / bare["rate"],
        "answered": found["answered"],
        "counted": count,
        "rows": rows,
        "exact": count == rows == found["answered"] == found["statuses"].get("302", 0),
        "split_apart_most": max(by_number) - min(by_number),
        "drain_s": drain_s,
        "killed": killed,
    }


def _bare(var: Path, seconds: float) -> dict[str, Any]:
    port = free_port()
    log = var / "bare.log"
    with child(["-m", "bench.bare_redirect", str(port)], log) as process:
        answering(port, process, log)
        return result(start_load(port, seconds))


def _killed(var: Path, database: Database, before: int, rounds: int = 3) -> dict[str, Any]:
    """Kill the process in the middle of the load, again and again; then count."""
    answered = sent = 0
    for _ in range(rounds):
        port = free_port()
        with api(var, port) as process:
            load = start_load(port, 4.0)
            time.sleep(1.0)
            os.kill(process.pid, signal.SIGKILL)
            found = result(load)
            answered += found["answered"]
            sent += found["sent"]
    with api(var, free_port()):
        count, rows, _ = drained(database, before + answered)
    extra = count - before
    return {
        "answered": answered,
        "asked_without_answer": sent - answered,
        "counted": extra,
        # A click may be written down whose answer the kill cut off; none may be missing.
        "exact": answered <= extra <= sent and count == rows,
    }


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.links", description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--seconds", type=float, default=SECONDS)
    given = options.parse_args()
    runs = [one_run(given.seconds) for _ in range(given.runs)]
    figures = ("rate", "p50_ms", "p99_ms", "worst_ms", "cpu_us_a_click", "bare_rate", "of_bare")
    print(
        json.dumps(
            {
                **{name: spread([run[name] for run in runs], 2) for name in figures},
                "drain_s": spread([run["drain_s"] for run in runs], 2),
                "goal": {"rate": GOAL_PER_S, "p99_ms": GOAL_P99_MS},
                "exact": all(run["exact"] and run["killed"]["exact"] for run in runs),
                "split_apart_most": max(run["split_apart_most"] for run in runs),
                "killed": [run["killed"] for run in runs],
                **machine(),
            }
        )
    )
    return 0 if all(run["exact"] and run["killed"]["exact"] for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
