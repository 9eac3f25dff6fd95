"""Real API processes: a thousand clicks at once are shared exactly, and none is lost to a kill."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

from bench.http_load import load
from services.kit.db import Database
from services.rotators.models import LinkRotator, RotatorClick
from tests.runtime.links.conftest import PHONES, add_link
from tests.support import processes

pytestmark = pytest.mark.e2e

CLICKS = 1_000
WEIGHTS = (5, 1, 2, 8, 4)
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        return int(plain.getsockname()[1])


@contextmanager
def api(database: Database, var: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """An API process over this database; its port, and the process."""
    port = free_port()
    env = {
        **os.environ,
        "ALIR_VAR": str(var),
        "ALIR_DATABASE_URL": str(database.url),
        "ALIR_PORT": str(port),
        "ALIR_LINK_CLICKS_PER_MINUTE": "0",
        "ALIR_LOG_LEVEL": "WARNING",
    }
    log = var / f"api-{port}.log"

    def serves() -> bool:
        with socket.socket() as plain:
            return plain.connect_ex(("127.0.0.1", port)) == 0

    command = [sys.executable, "-m", "runtime.processes.api"]
    with processes.running(command, log, env=env) as child:
        processes.until(serves, child, log)
        yield port, child


def counted(database: Database) -> tuple[int, int]:
    """What the links have counted, and the rows of clicks."""
    with database.read() as connection:
        count = connection.execute(select(func.sum(LinkRotator.click_count))).scalar_one()
        rows = connection.execute(select(func.count()).select_from(RotatorClick)).scalar_one()
        return int(count), rows


def until_counted(database: Database, wanted: int) -> None:
    pause = Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        if counted(database)[0] >= wanted:
            return
        pause.wait(0.05)
    raise AssertionError(f"only {counted(database)} of {wanted} were counted")


def test_a_thousand_clicks_at_once_are_shared_as_each_strategy_says(
    sqlite_database: Database, tmp_path: Path
) -> None:
    targets = [
        {"phone": phone, "weight": weight} for phone, weight in zip(PHONES, WEIGHTS, strict=True)
    ]
    even = [{"phone": phone} for phone in PHONES]
    for word in ("sequential", "weighted", "least-loaded", "random", "sticky"):
        add_link(
            sqlite_database,
            slug=word,
            rotation_type=word.replace("-", "_").upper(),
            target_numbers=targets if word == "weighted" else even,
        )
    shares: dict[str, Any] = {}

    with api(sqlite_database, tmp_path) as (port, _):
        for word in ("sequential", "weighted", "least-loaded", "random", "sticky"):
            found = load(port, f"/link/{word}", 50, 30.0, most=CLICKS)
            assert found["statuses"] == {"302": CLICKS}, word
            shares[word] = found["targets"]
        until_counted(sqlite_database, 5 * CLICKS)

    assert counted(sqlite_database) == (5 * CLICKS, 5 * CLICKS)
    assert shares["sequential"] == dict.fromkeys(PHONES, 200)
    assert list(shares["weighted"].values()) == [weight * 50 for weight in WEIGHTS]
    assert shares["least-loaded"] == dict.fromkeys(PHONES, 200)
    for word in ("random", "sticky"):
        assert min(shares[word].values()) > 120, word
    with sqlite_database.read() as connection:
        told = connection.execute(
            select(LinkRotator.slug, RotatorClick.redirected_to, func.count())
            .join(LinkRotator, LinkRotator.id == RotatorClick.rotator_id)
            .group_by(LinkRotator.slug, RotatorClick.redirected_to)
        )
        written: dict[str, dict[str, int]] = {}
        for slug, phone, count in told:
            written.setdefault(slug, {})[phone] = count
    assert written == shares
    assert list((tmp_path / "clicks").iterdir()) == []


@pytest.mark.sql
def test_two_processes_that_are_killed_again_and_again_lose_no_click(
    any_database: Database, tmp_path: Path
) -> None:
    add_link(any_database)
    answered = sent = 0
    for pause_s in (0.05, 0.3, 0.7):
        with (
            api(any_database, tmp_path) as (port, first),
            api(any_database, tmp_path) as (other_port, second),
            ThreadPoolExecutor(2) as threads,
        ):
            asked = [threads.submit(load, at, "/link/promo", 8, 5.0) for at in (port, other_port)]
            Event().wait(pause_s)
            for child in (first, second):
                os.kill(child.pid, signal.SIGKILL)
            for one in asked:
                answered += one.result()["answered"]
                sent += one.result()["sent"]
        if pause_s > 0.5:  # a torn line, as a power cut leaves it
            journals = sorted((tmp_path / "clicks").iterdir())
            with journals[0].open("ab") as file:
                file.write(b'deadbeef [17, 1, 1, "torn')

    with api(any_database, tmp_path):
        until_counted(any_database, answered)
    with api(any_database, tmp_path):
        pass

    count, rows = counted(any_database)
    assert answered > 100
    # A click may be written whose answer the kill cut off; none that was answered may be missing.
    assert answered <= count <= sent
    assert rows == count
    assert list((tmp_path / "clicks").iterdir()) == []


def test_a_link_is_served_while_nobody_can_write_and_counted_afterwards(
    sqlite_database: Database, tmp_path: Path
) -> None:
    add_link(sqlite_database)
    with api(sqlite_database, tmp_path) as (port, _):
        before = load(port, "/link/promo", 4, 5.0, most=100)
        until_counted(sqlite_database, 100)
        with sqlite_database.write():  # nobody else may write: leases and drains have to wait
            during = load(port, "/link/promo", 16, 20.0, most=3_000)
            assert counted(sqlite_database)[0] == 100
        until_counted(sqlite_database, 3_100)

    assert before["statuses"] == {"302": 100}
    assert during["statuses"] == {"302": 3_000}
    assert during["targets"] == dict.fromkeys(PHONES, 600)
    assert counted(sqlite_database) == (3_100, 3_100)
