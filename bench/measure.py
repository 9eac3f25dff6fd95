"""What every benchmark shares: medians with their spread, the machine's load, child processes."""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import processes


def spread(values: Sequence[float], digits: int = 1) -> dict[str, Any]:
    """The median with the lowest and the highest value."""
    return {
        "median": round(statistics.median(values), digits),
        "lowest": round(min(values), digits),
        "highest": round(max(values), digits),
        "runs": len(values),
    }


def machine() -> dict[str, Any]:
    """Beside every figure: on what it was taken, and how busy that was."""
    return {
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
    }


@contextmanager
def child(
    arguments: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process of its own; it ends with us."""
    whole = {**os.environ, "PYTHONPATH": str(Path.cwd()), **(env or {})}
    with processes.running([sys.executable, *arguments], log, env=whole) as process:
        yield process


def first_line(process: subprocess.Popen[bytes], log: Path, what: str) -> str:
    """The first line with `what` in a child's log, once it is there."""

    def found() -> bool:
        return what in log.read_text(encoding="utf-8")

    processes.until(found, process, log)
    return next(line for line in log.read_text(encoding="utf-8").splitlines() if what in line)


def pss_mb(pids: Sequence[int]) -> float:
    """The proportional memory of these processes and all their children, in MB."""
    total_kb = 0
    for pid in _with_children(pids):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total_kb += next(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line)
    return total_kb / 1024


def cpu_s(pids: Sequence[int]) -> float:
    """Processor seconds that these processes and all their children have used."""
    ticks = 0
    for pid in _with_children(pids):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _with_children(pids: Sequence[int]) -> list[int]:
    found = list(pids)
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return list(dict.fromkeys(found))
