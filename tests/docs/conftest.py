"""A real API process over a shop, and a terminal beside it, for the examples of the guide."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from runtime.live.feed import Feed
from tests.conftest import KEY, World
from tests.docs.examples import ROOT, Shell
from tests.runtime.runs.flows import work
from tests.support import processes
from tests.support.services import valkey_server, valkey_url  # noqa: F401

TURN_S = 0.05


@pytest.fixture
def receiver_port() -> int:
    """A free port, at which the API may reach another program of this machine."""
    return _free_port()


@pytest.fixture
def address(
    world: World,
    valkey_url: str,  # noqa: F811
    tmp_path: Path,
    receiver_port: int,
) -> Iterator[str]:
    """The address of an API process over the world's database."""
    port = _free_port()
    env = {
        **os.environ,
        "ALIR_VAR": str(tmp_path),
        "ALIR_DATABASE_URL": world.database.url,
        "ALIR_REDIS_URL": valkey_url,
        "ALIR_JWT_SECRET": KEY.decode(),
        "ALIR_PORT": str(port),
        "ALIR_ENVIRONMENT": "test",
        "ALIR_HTTP_ALLOW": f"127.0.0.1:{receiver_port}",
    }
    log = tmp_path / "api.log"
    log.touch()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "runtime.processes.api"]
    with processes.running(command, log, cwd=ROOT, env=env) as child:
        processes.until(lambda: _answers(url), child, log)
        yield url


@pytest.fixture
def shell(address: str, world: World, tmp_path: Path) -> Shell:
    """A terminal whose user is signed in as tenant 1's user."""
    folder = tmp_path / "terminal"
    folder.mkdir()
    return Shell(folder, address, world.token(1))


@pytest.fixture
def worker(world: World, valkey_url: str) -> Iterator[None]:  # noqa: F811
    """Runs are carried on as they become due, and whoever listens is told."""
    done = Event()
    feed = Feed(world.database, valkey_url)

    def turns() -> None:
        while not done.wait(TURN_S):
            work(world)

    thread = Thread(target=turns, name="runs")
    feed.start()
    thread.start()
    yield
    done.set()
    thread.join()
    feed.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health/live", timeout=2).status_code == 200
    except httpx.TransportError:
        return False
