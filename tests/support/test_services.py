"""The servers that tests use are real, private, empty at first, and never outlive the tests."""

import os
import select
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import redis
from sqlalchemy import text

from services.kit.db import Database

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent.parent
KILLED = """
import os, signal
from pathlib import Path
from tests.support import processes

log = Path(os.devnull)
with processes.running(["sleep", "600"], log) as child:
    name = Path(f"/proc/{child.pid}/comm")
    processes.until(lambda: name.read_text() == "sleep\\n", child, log)
    os.write(1, str(child.pid).encode())
    os.kill(os.getpid(), signal.SIGKILL)
"""
PATIENCE_MS = 10_000


@pytest.mark.parametrize("turn", [1, 2])
def test_valkey_is_empty_and_can_search(valkey_url: str, turn: int) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.hset("doc:1", "isi", "toko buka jam sembilan")
        client.execute_command("FT.CREATE", "docs", "SCHEMA", "isi", "TEXT")
        assert client.execute_command("FT._LIST") == [b"docs"]


def test_the_sandbox_answers_as_a_process_of_its_own(sandbox_url: str) -> None:
    answer = httpx.get(f"{sandbox_url}/api/sessions", headers={"X-Api-Key": "sandbox"})

    assert answer.status_code == 200
    assert answer.json() == []


@pytest.mark.sql
def test_mariadb_speaks_as_the_product_expects(mariadb_database: Database) -> None:
    with mariadb_database.read() as connection:
        version, isolation, collation = connection.execute(
            text("SELECT VERSION(), @@tx_isolation, @@collation_database")
        ).one()

    assert int(version.split(".")[0]) >= 10
    assert isolation == "READ-COMMITTED"
    assert collation == "utf8mb4_unicode_520_ci"


def test_a_server_dies_with_a_test_process_that_was_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    try:
        watched = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return  # gone already
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        assert poll.poll(PATIENCE_MS), "it is still alive"
    finally:
        os.close(watched)
