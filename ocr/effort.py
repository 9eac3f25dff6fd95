"""How much processor time a process has had, and making one step back behind all others."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
LAST_NICENESS = 19


def used_s(pid: int) -> float | None:
    """Processor seconds of a process so far, in steps of 0.01; None when it has ended or the system
    doesn't tell (no /proc)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) * _TICK_S


@dataclass(slots=True)
class Effort:
    """What a process has done since it was given a task.

    Limits are held against processor time, for on a busy machine a process may wait for its turn
    far longer than it works. Where the system doesn't tell it, all time that passes counts.
    """

    pid: int
    spent_s: float = 0.0
    """Processor time."""
    _began: float = field(default_factory=monotonic)
    _moved: float = field(default_factory=monotonic)
    _looked: float = field(default_factory=monotonic)
    _before_s: float | None = None

    def __post_init__(self) -> None:
        self._before_s = used_s(self.pid)

    def is_due(self, every_s: float) -> bool:
        """Whether so much time has passed since the last look."""
        return monotonic() - self._looked >= every_s

    def look(self) -> float:
        """Take the time again: the processor time spent."""
        self._looked = monotonic()
        used = None if self._before_s is None else used_s(self.pid)
        if self._before_s is None:
            spent_s = self.passed_s
        elif used is None:
            return self.spent_s  # it has just ended
        else:
            spent_s = used - self._before_s
        if spent_s > self.spent_s:
            self.spent_s, self._moved = spent_s, monotonic()
        return self.spent_s

    @property
    def passed_s(self) -> float:
        return monotonic() - self._began

    @property
    def still_s(self) -> float:
        """How long it has had no processor time at all, up to the last look."""
        return monotonic() - self._moved


def step_back() -> None:
    """Let this process run only on what all others leave (nice 19, and with it its session where
    Linux groups processes by session)."""
    for thread in _threads():
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, thread, LAST_NICENESS)
    with suppress(OSError), open("/proc/self/autogroup", "w") as autogroup:
        autogroup.write(str(LAST_NICENESS))


def _threads() -> list[int]:
    """Each has a priority of its own, as Linux sees it; those that come later inherit theirs."""
    try:
        return [int(name) for name in os.listdir("/proc/self/task")]
    except OSError:
        return [0]
