"""One child process: started in a group of its own, its output read line by line, ended surely."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

_PR_SET_PDEATHSIG = 1
RESTART_FIRST_S = 0.2
RESTART_MOST_S = 10.0
STEADY_AFTER_S = 10.0
"""A child that lived this long is restarted without a pause the next time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `name` is shown before every line of its output."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_s: float = 10.0
    restart: bool = True
    niceness: int = 0
    """0 to 19: how far it steps back when processors are short."""


class Child:
    """A running plan; restarted with growing pauses while it is wanted."""

    def __init__(self, plan: Plan, say: Callable[[str, str], None]) -> None:
        self.plan = plan
        self.restarts = 0
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self._wanted = False
        self._started_at = 0.0
        self._pause_s = 0.0
        self._again_at = 0.0

    def start(self) -> None:
        self._wanted = True
        self._launch()

    def _launch(self) -> None:
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            list(self.plan.command),
            env={**os.environ, **self.plan.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=partial(_prepare, self.plan.niceness),
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._say(self.plan.name, line.rstrip())

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def ended_with(self) -> int | None:
        """The exit code of a child that has ended."""
        return None if self._process is None else self._process.poll()

    def look_after(self) -> None:
        """Start the child again when it died; call it now and then."""
        if not self._wanted or not self.plan.restart or self._process is None:
            return
        code = self._process.poll()
        if code is None:
            return
        now = time.monotonic()
        if self._again_at == 0.0:
            steady = now - self._started_at >= STEADY_AFTER_S
            self._pause_s = (
                0.0 if steady else min(max(self._pause_s * 2, RESTART_FIRST_S), RESTART_MOST_S)
            )
            self._again_at = now + self._pause_s
            self._say(
                self.plan.name, f"ended ({_why(code)}); starts again in {self._pause_s:.1f} s"
            )
        if now >= self._again_at:
            self._again_at = 0.0
            self.restarts += 1
            self._launch()

    def kill(self) -> int | None:
        """End it at once, as a power cut would; `look_after` starts it again."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid

    def ask_to_stop(self) -> None:
        self._wanted = False
        if self.pid is not None:
            _signal_group(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to stop, wait, and end what is left of its group."""
        self.ask_to_stop()
        if self._process is None:
            return
        try:
            self._process.wait(self.plan.stop_s)
        except subprocess.TimeoutExpired:
            self._say(self.plan.name, "does not stop; ended")
        _signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _prepare(niceness: int) -> None:
    """Runs in the child before its program."""
    # Without it a supervisor that is killed would leave servers on their ports.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if niceness:
        os.nice(niceness)
        # Where Linux groups processes by session, a nice value counts within the session only.
        with suppress(OSError), open("/proc/self/autogroup", "w") as autogroup:
            autogroup.write(str(niceness))


def _why(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
