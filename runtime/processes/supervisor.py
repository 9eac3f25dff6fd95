"""Runs a whole installation on one machine: Valkey, sandbox, API, workers, beat, OCR."""

import contextlib
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runtime.celery_app import QUEUES_HOT, QUEUES_SLOW
from runtime.processes import embedded_redis
from runtime.processes.child import Child, Plan
from services.kit.config import Settings
from services.kit.errors import Unavailable

HERE = Path(__file__).resolve().parent.parent.parent
READY_S = 30.0
SANDBOX_KEY = "sandbox"
OCR_PYTHON = HERE / ".venv-ocr" / "bin" / "python"
"""The program that reads images has an environment of its own: `make setup-ocr`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What to start. Ports of 0 take any free one."""

    settings: Settings
    port: int = 8000
    sandbox_port: int | None = 3000
    workers: int | None = None
    """None: as many as serve this database best, see `usual_workers`."""
    slow_workers: int = 0
    ocr_port: int | None = None
    """Where the program that reads images listens, if it is wanted and set up."""
    beat: bool = True
    sandbox_options: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


def usual_workers(settings: Settings) -> int:
    """SQLite has one writer at a time, so a second worker only waits for the first."""
    return 1 if settings.database.startswith("sqlite") else 2


class Installation:
    """The running processes and their addresses."""

    def __init__(self, layout: Layout, say: Callable[[str, str], None]) -> None:
        self.layout = layout
        self.say = say
        self.children: dict[str, Child] = {}
        self.api_url = ""
        self.sandbox_url = ""
        self.ocr_url = ""
        self._environment: dict[str, str] = {}

    # ------------------------------------------------------------------ starting

    def start_redis(self) -> None:
        """The embedded Valkey, unless a Redis of one's own is set."""
        settings = self.layout.settings
        if settings.redis_url:
            return
        folder = settings.var / "valkey"
        path = embedded_redis.socket(folder)
        if len(str(path)) > 100:
            raise Unavailable(
                f"The folder {settings.var} has too long a name for a unix socket.",
                code="path_too_long",
                hint="Choose a shorter ALIR_VAR, or set ALIR_REDIS_URL.",
            )
        path.unlink(missing_ok=True)
        self._run(Plan("valkey", embedded_redis.command(folder)))
        self._wait("valkey", lambda: _answers(path))

    def start_sandbox(self) -> None:
        """The WhatsApp simulator, unless a real server is used."""
        if self.layout.sandbox_port is None:
            return
        port = free_port(self.layout.sandbox_port, "sandbox", "--sandbox-port")
        self.sandbox_url = f"http://127.0.0.1:{port}"
        self._run(
            Plan(
                "sandbox",
                [
                    sys.executable,
                    "-m",
                    "sandbox",
                    "--port",
                    str(port),
                    "--data",
                    str(self.layout.settings.var / "sandbox"),
                    "--api-key",
                    SANDBOX_KEY,
                    "--quiet",
                    *self.layout.sandbox_options,
                ],
            )
        )
        self._wait("sandbox", lambda: _gets(f"{self.sandbox_url}/ping"))

    def start_api(self) -> None:
        port = free_port(self.layout.port, "api", "--port")
        self.api_url = f"http://127.0.0.1:{port}"
        self._environment["ALIR_PORT"] = str(port)
        self._environment.setdefault(
            "ALIR_PUBLIC_URL", self.layout.settings.public_url or self.api_url
        )
        self._run(Plan("api", [sys.executable, "-m", "runtime.processes.api"]))
        self._wait("api", lambda: _gets(f"{self.api_url}/api/health/live"))

    def start_ocr(self) -> None:
        """The program that reads images, where it is wanted and set up; nobody waits for it."""
        if self.layout.ocr_port is None or not OCR_PYTHON.exists():
            return
        self.ocr_url = f"http://127.0.0.1:{self.layout.ocr_port}"
        self._environment["ALIR_OCR_URL"] = self.ocr_url
        self._run(ocr_plan(self.layout.ocr_port, self.layout.settings.media))

    def start_workers(self) -> None:
        for index in range(1, (self.layout.workers or usual_workers(self.layout.settings)) + 1):
            self._run(
                Plan(
                    f"worker-{index}",
                    _worker("runtime.worker", QUEUES_HOT, f"hot-{index}"),
                    {"ALIR_WORKER_INDEX": str(index)},
                    stop_s=35.0,
                )
            )
        for index in range(1, self.layout.slow_workers + 1):
            self._run(
                Plan(
                    f"slow-{index}",
                    _worker("runtime.worker_slow", QUEUES_SLOW, f"slow-{index}"),
                    {"ALIR_WORKER_INDEX": str(index)},
                    stop_s=10.0,
                )
            )
        if self.layout.beat:
            self._run(
                Plan(
                    "beat",
                    [
                        sys.executable,
                        "-m",
                        "celery",
                        "-q",
                        "-A",
                        "runtime.beat",
                        "beat",
                        "-S",
                        "celery.beat.Scheduler",
                        "--pidfile=",
                        "--loglevel",
                        "WARNING",
                    ],
                )
            )

    def _run(self, plan: Plan) -> None:
        settings = self.layout.settings
        environment = {
            "ALIR_VAR": str(settings.var.resolve()),
            "ALIR_DATABASE_URL": settings.database,
            "ALIR_REDIS_URL": settings.redis,
            "ALIR_HOST": settings.host,
            "ALIR_TIME_SCALE": str(settings.time_scale),
            "ALIR_MIN_ANY_GAP_S": str(settings.min_any_gap_s),
            "ALIR_LOG_LEVEL": settings.log_level,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])),
            "PYTHONUNBUFFERED": "1",
            **self._environment,
            **self.layout.extra,
            **plan.environment,
        }
        child = Child(replace(plan, environment=environment), self.say)
        self.children[plan.name] = child
        child.start()

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        child = self.children[name]
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            if ready():
                return
            code = child.ended_with
            if code is not None:
                raise Unavailable(
                    f"{name} ended while it was starting (code {code}).",
                    code="did_not_start",
                    hint="Its last lines above say why.",
                )
            time.sleep(0.03)
        raise Unavailable(f"{name} did not answer within {READY_S:.0f} s.", code="did_not_start")

    # ------------------------------------------------------------------ running, stopping

    def look_after(self) -> None:
        for child in self.children.values():
            child.look_after()

    def stop(self) -> None:
        """Stop in the order that loses nothing: senders first, the database of rings last."""
        order = sorted(self.children, key=_stop_order)
        for name in order:
            if name not in ("valkey", "sandbox"):
                self.children[name].ask_to_stop()
        for name in order:
            self.children[name].stop()


def ocr_plan(port: int, media: Path) -> Plan:
    """The program that reads images of this folder; its reader lowers itself once it is ready."""
    return Plan(
        "ocr",
        [str(OCR_PYTHON), "-m", "ocr", "--port", str(port)],
        {"OCR_MEDIA_ROOT": str(media.resolve())},
    )


def _worker(module: str, queues: Sequence[str], name: str) -> list[str]:
    """The command of a Celery worker."""
    return [
        sys.executable,
        "-m",
        "celery",
        "-q",
        "-A",
        module,
        "worker",
        "--pool",
        "threads",
        "--concurrency",
        "2",
        "-Q",
        ",".join(queues),
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "-n",
        f"{name}@%h",
        "--loglevel",
        "WARNING",
    ]


def _stop_order(name: str) -> int:
    return {"beat": 0, "api": 2, "ocr": 2, "sandbox": 3, "valkey": 4}.get(name, 1)


@contextlib.contextmanager
def running(layout: Layout, say: Callable[[str, str], None]) -> Iterator[Installation]:
    """An installation that is stopped whatever happens."""
    installation = Installation(layout, say)
    try:
        yield installation
    finally:
        installation.stop()


def free_port(wanted: int, name: str, option: str) -> int:
    """The port, or any free one for 0. Raises: Unavailable that names the way out when taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise Unavailable(
                f"Port {wanted} is in use, so {name} can't start.",
                code="port_in_use",
                hint=f"Stop what uses it, or choose another: {option} {wanted + 1}.",
            ) from error
        return int(probe.getsockname()[1])


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _gets(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
