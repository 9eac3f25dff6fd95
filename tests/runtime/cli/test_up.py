"""`alir up` as a process: it starts, answers, mends itself, stops, and comes back."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

import runtime.cli.up as up_command
from runtime.cli import up_state
from runtime.processes.supervisor import Installation, Layout, usual_workers
from services.kit.config import Settings
from services.kit.errors import Unavailable
from tests.support import ocr_stub

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PATIENCE_S = 40.0
LOOK_S = 0.05
OPTIONS = ("--port", "0", "--sandbox-port", "0", "--ocr-port", "0", "--workers", "1")
NAMES = ("valkey", "sandbox", "api", "worker-1", "slow-1", "beat")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, as a unix socket's path has to be."""
    with tempfile.TemporaryDirectory(prefix="alir-up-") as made:
        yield Path(made)


class Up:
    """A running `alir up`; what it printed so far stands in `log`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.log = folder / f"screen-{len(list(folder.glob('screen-*')))}.log"
        with self.log.open("ab") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runtime.cli", "up", *OPTIONS],
                cwd=folder,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    "ALIR_VAR": str(folder / "var"),
                    "ALIR_OCR_URL": "http://127.0.0.1:9",  # none of its own: it is tried elsewhere
                    **settings,
                },
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until(self, true: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not true():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"code {self.process.poll()}:\n{self.said()[-3000:]}")
            time.sleep(LOOK_S)

    def until_it_runs(self) -> up_state.Running:
        self.until(lambda: "Ctrl-C stops everything" in self.said())
        running = up_state.running(self.folder / "var")
        assert running is not None
        return running

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def up(folder: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(**settings: str) -> Up:
        started.append(Up(folder, **settings))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()  # its children die with it
        one.process.wait()


def family(parent: int) -> dict[int, str]:
    """The processes below `parent`, with their command lines; a build that may go on left out."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            above = int(path.read_text().rpartition(")")[2].split()[1])
            command = (path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError, IndexError):
            continue
        if above == parent and not command.startswith(("nice ", "make ")):
            found[int(path.parent.name)] = command
    return found


def alive(pids: set[int]) -> set[int]:
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.add(pid)
    return found


@pytest.mark.e2e
def test_it_starts_mends_itself_stops_clean_and_comes_back(
    up: Callable[..., Up], folder: Path
) -> None:
    first = up()
    running = first.until_it_runs()
    children = family(first.process.pid)

    # It answers, and the printed login works.
    assert len(children) == len(NAMES), children
    screen = first.said()
    assert f"{running.api_url}/api-docs" in screen
    assert f"{running.sandbox_url}/phones" in screen
    login = re.search(r"Sign in as (\S+) with the password (\S+)", screen)
    assert login is not None
    email, password = login.groups()
    answer = httpx.post(
        f"{running.api_url}/api/auth/login", json={"email": email, "password": password}
    )
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert httpx.get(f"{running.api_url}/api-docs").status_code == 200
    assert httpx.get(f"{running.sandbox_url}/phones").status_code == 200
    numbers = httpx.get(f"{running.api_url}/api/devices", headers=headers).json()
    assert [one["status"] for one in numbers] == ["CONNECTED"] * 3

    # A worker that is killed comes back.
    worker = next(pid for pid, command in children.items() if "hot-1" in command)
    os.kill(worker, signal.SIGKILL)
    first.until(
        lambda: any(
            "hot-1" in command and pid != worker
            for pid, command in family(first.process.pid).items()
        )
    )
    assert "worker-1 | ended (SIGKILL)" in first.said()

    # Ctrl-C stops it without leaving anybody behind.
    children = family(first.process.pid)
    assert first.stop(signal.SIGINT) == 0
    assert alive(set(children)) == set()
    assert first.said().rstrip().endswith("Stopped.")

    # The next start, on other ports, has the same business with its numbers connected.
    second = up()
    again = second.until_it_runs()
    assert again.api_url != running.api_url
    assert "Making the demo business" in first.said()
    assert "Making the demo business" not in second.said()
    numbers = httpx.get(f"{again.api_url}/api/devices", headers=headers).json()
    assert [one["status"] for one in numbers] == ["CONNECTED"] * 3
    phones = httpx.get(f"{again.sandbox_url}/sandbox/phones").json()
    assert [one["status"] for one in phones] == ["WORKING"] * 3

    # A supervisor that is killed takes its children with it.
    children = family(second.process.pid)
    second.stop(signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while alive(set(children)) and time.monotonic() < until:
        time.sleep(LOOK_S)
    assert alive(set(children)) == set()


# --------------------------------------------------------------------------- what it tells


def greeting(settings: Settings, sandbox_url: str) -> str:
    from runtime.cli.up import _greet

    installation = Installation(Layout(settings), lambda *_: None)
    installation.api_url, installation.sandbox_url = "http://127.0.0.1:8000", sandbox_url
    console = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: SIM115
    _greet(console, installation, settings, "with your account", 1.0)
    console.file.close()
    return console.export_text()


def test_a_whatsapp_server_that_is_down_holds_nothing_up_and_is_told_with_the_way_out() -> None:
    said = greeting(Settings(waha_url="http://127.0.0.1:1", waha_api_key="k"), "")

    assert "http://127.0.0.1:1 does not answer" in said
    assert "Start WAHA, or correct ALIR_WAHA_URL" in said
    assert "SIMULATOR" not in said
    assert "REAL NUMBERS" in said
    assert "BERHENTI and STOP are obeyed as soon as they are heard" in said
    assert "under\n  ALIR_PUBLIC_URL" in said


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(), "SIMULATOR"),
        (Settings(time_scale=20), "ALIR_TIME_SCALE is 20"),
        (Settings(host="0.0.0.0"), "Other machines can reach the API"),
    ],
)
def test_what_is_not_as_in_daily_life_is_said(settings: Settings, says: str) -> None:
    assert says in greeting(settings, "http://127.0.0.1:3000")


def test_daily_life_has_no_warnings() -> None:
    said = greeting(Settings(), "http://127.0.0.1:3000")

    assert "TIME_SCALE" not in said
    assert "Other machines" not in said
    assert "REAL NUMBERS" not in said


# --------------------------------------------------------------------------- the reader of images


@pytest.fixture
def reader_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").touch()
    monkeypatch.setattr(up_command, "OCR_PYTHON", tmp_path / "python")
    monkeypatch.delenv("ALIR_OCR_URL", raising=False)


def layout(ocr_port: int, **settings: str) -> Layout:
    return up_command._layout(Settings(_env_file=None, **settings), 0, 0, ocr_port, 1)


@pytest.mark.usefixtures("reader_is_set_up")
def test_the_reader_gets_the_port_it_was_given_or_any_free_one() -> None:
    port = int(ocr_stub.closed_address().rpartition(":")[2])

    assert layout(port).ocr_port == port
    assert layout(0).ocr_port


@pytest.mark.usefixtures("reader_is_set_up")
def test_a_port_that_another_program_has_is_named_with_the_way_out() -> None:
    with ocr_stub.running() as stub:
        stub.health = (200, b"<h1>It works!</h1>")
        port = int(stub.url.rpartition(":")[2])

        with pytest.raises(Unavailable, match=f"Port {port} is in use") as refused:
            layout(port)

    assert f"--ocr-port {port + 1}" in refused.value.hint


@pytest.mark.usefixtures("reader_is_set_up")
def test_a_reader_that_runs_there_already_is_used() -> None:
    with ocr_stub.running() as stub:
        chosen = layout(int(stub.url.rpartition(":")[2]))

    assert (chosen.ocr_port, chosen.extra["ALIR_OCR_URL"]) == (None, stub.url)
    assert "ALIR_WAHA_URL" in chosen.extra


@pytest.mark.usefixtures("reader_is_set_up")
def test_a_reader_that_a_setting_names_is_left_to_its_owner() -> None:
    chosen = layout(0, ocr_url="http://ocr.internal:5000")

    assert chosen.ocr_port is None
    assert "ALIR_OCR_URL" not in chosen.extra


def test_nothing_keeps_alir_from_starting_where_no_reader_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up_command, "OCR_PYTHON", tmp_path / "none")
    monkeypatch.delenv("ALIR_OCR_URL", raising=False)
    with ocr_stub.running() as stub:
        stub.health = (200, b"<h1>It works!</h1>")

        assert layout(int(stub.url.rpartition(":")[2])).ocr_port is None


@pytest.mark.parametrize(
    ("ports", "options"),
    [
        ((7001, 7001, 7002), ("--port", "--sandbox-port")),
        ((7001, 7002, 7001), ("--port", "--ocr-port")),
        ((7001, 7002, 7002), ("--sandbox-port", "--ocr-port")),
    ],
)
def test_one_port_given_to_two_is_refused(
    ports: tuple[int, int, int], options: tuple[str, str]
) -> None:
    with pytest.raises(Unavailable, match="both") as refused:
        up_command._layout(Settings(_env_file=None), *ports, 1)

    assert all(option in refused.value.hint for option in options)


@pytest.mark.parametrize(
    ("url", "workers"), [("", 1), ("mysql+pymysql://alir:secret@127.0.0.1:3306/alir", 2)]
)
def test_a_database_with_one_writer_gets_one_worker(url: str, workers: int, tmp_path: Path) -> None:
    assert usual_workers(Settings(_env_file=None, var=tmp_path, database_url=url)) == workers
