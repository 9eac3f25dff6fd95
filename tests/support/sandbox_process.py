"""The sandbox as the program it is: a process of its own on a free port."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import processes

ROOT = Path(__file__).resolve().parent.parent.parent
READY = re.compile(r"sandbox ready on (\S+)")


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """The address of a sandbox that keeps its ledger in `folder`; its API key is `sandbox`."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    log.touch()
    command: list[str | Path] = [sys.executable, "-m", "sandbox", "--port", "0", "--quiet"]
    with processes.running([*command, "--data", folder, *options], log, cwd=ROOT) as child:
        processes.until(lambda: _address(log) is not None, child, log)
        address = _address(log)
        assert address is not None
        yield address


def _address(log: Path) -> str | None:
    found = READY.search(log.read_text(encoding="utf-8"))
    return found.group(1) if found else None
