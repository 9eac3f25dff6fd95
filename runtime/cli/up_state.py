"""Which `alir up` holds a folder, and where its servers are: one at a time, known to the others."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from services.kit.errors import Conflict

NAME = "up.lock"


class RunningAlready(Conflict):
    """Another `alir up` has the same folder."""

    code = "running_already"


@dataclass(frozen=True, slots=True)
class Running:
    """An installation that runs; addresses are empty while it starts."""

    pid: int
    api_url: str = ""
    sandbox_url: str = ""
    ocr_url: str = ""


class Hold:
    """The folder, held by this process until it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, api_url: str = "", sandbox_url: str = "", ocr_url: str = "") -> None:
        """Write down where the servers are."""
        told = json.dumps(asdict(Running(os.getpid(), api_url, sandbox_url, ocr_url))).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, told, 0)


@contextmanager
def held(folder: Path) -> Iterator[Hold]:
    """Hold the folder. Raises: RunningAlready."""
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(descriptor, fcntl.LOCK_EX):
            other = _read(descriptor)
            raise RunningAlready(
                f"Alir runs already in {folder.absolute()}"
                + (f" (process {other.pid})." if other else "."),
                hint="Use that one, stop it with Ctrl-C, or choose another folder with ALIR_VAR.",
            )
        hold = Hold(descriptor)
        hold.tell()
        yield hold
    finally:
        os.close(descriptor)


def running(folder: Path) -> Running | None:
    """The installation that runs in this folder now, if any."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else _read(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Running | None:
    try:
        return Running(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return None  # it is being written at this moment
