"""What the machine can do at most just now: commits, and POSTs to the bare mock; prints JSON."""

import asyncio
import json
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.measure import child, first_line, machine, spread

SECONDS = 1.5
IN_FLIGHT = 10
BODY = {"session": "dev0", "chatId": "62812@c.us", "text": "Halo", "id": "A"}


def commits_per_s(folder: Path) -> float:
    """Single-row commits of the bare driver at synchronous=FULL."""
    path = folder / f"limit{time.monotonic_ns()}.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        connection.execute("INSERT INTO t (v) VALUES ('x')")
        done += 1
    connection.close()
    return done / (time.perf_counter() - began)


async def posts_per_s(url: str) -> float:
    """POSTs of one aiohttp client with as many in flight as a broadcast has devices."""
    done = 0
    until = time.perf_counter() + SECONDS
    async with aiohttp.ClientSession() as session:

        async def keep_posting() -> None:
            nonlocal done
            while time.perf_counter() < until:
                async with session.post(f"{url}/api/sendText", json=BODY) as answer:
                    await answer.read()
                done += 1

        await asyncio.gather(*(keep_posting() for _ in range(IN_FLIGHT)))
    return done / SECONDS


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    log = folder / "mock.log"
    try:
        with child(["-m", "bench.bare_mock"], log) as process:
            url = first_line(process, log, "http://").strip()
            found = {
                "commits_per_s": spread([commits_per_s(folder) for _ in range(3)], 0),
                "posts_per_s": spread([asyncio.run(posts_per_s(url)) for _ in range(3)], 0),
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({**found, **machine()}))


if __name__ == "__main__":
    main()
