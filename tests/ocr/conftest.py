"""The ocr program as the process it is: its own environment, a free port, a media folder."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import processes

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURES = Path(__file__).parent / "fixtures"
PYTHON = ROOT / ".venv-ocr" / "bin" / "python"
READY = re.compile(r"ocr ready on (\S+)")
PATIENCE_S = 90.0
"""Two engines may start beside a whole run of tests."""


@dataclass
class Program:
    """A running ocr."""

    address: str
    media: Path
    pid: int
    client: httpx.Client = field(repr=False)

    def scan(self, path: str) -> httpx.Response:
        return self.client.post("/scan", json={"path": path})

    def upload(self, content: bytes, name: str = "file") -> httpx.Response:
        return self.client.post("/scan", files={"file": (name, content)})

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get("/health").json()
        return found

    def wait_until_ready(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = self.health()
            if found["status"] == "ready":
                return found
            signal.sigtimedwait([], 0.05)
        raise AssertionError(f"the reader did not get ready: {found}")


@contextmanager
def started(folder: Path, *, port: int = 0, **variables: str) -> Iterator[Program]:
    """A program whose media folder is `folder/media`; OCR_* variables by their names."""
    if not PYTHON.exists():
        if os.environ.get("CI") == "true":
            raise RuntimeError("make setup-ocr has not run")
        pytest.skip("needs `make setup-ocr`")
    media = folder / "media"
    media.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    log.write_bytes(b"")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OCR_")},
        "OCR_MEDIA_ROOT": str(media),
        "TMPDIR": str(folder),  # what a killed program leaves behind goes with the test's folder
        **variables,
    }
    command: list[str | Path] = [PYTHON, "-m", "ocr", "--port", str(port)]
    with processes.running(command, log, cwd=ROOT, env=environment) as child:
        processes.until(lambda: READY.search(log.read_text()) is not None, child, log)
        found = READY.search(log.read_text())
        assert found is not None
        with httpx.Client(base_url=found.group(1), timeout=PATIENCE_S) as client:
            yield Program(found.group(1), media, child.pid, client)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One program with its default engine for all tests that leave it as it is."""
    with started(tmp_path_factory.mktemp("ocr"), OCR_TIME_LIMIT_S="30") as running:
        for file in FIXTURES.iterdir():
            shutil.copy(file, running.media)
        running.wait_until_ready()
        yield running


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]
