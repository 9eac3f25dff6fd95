"""Child processes of tests: they die with the test process, and are stopped politely."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 30.0
PAUSE_S = 0.02
TERMINATION_S = 10.0


@contextmanager
def running(
    command: Sequence[str | Path],
    log: Path,
    *,
    as_nobody: bool = False,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A child whose output goes to `log`; SIGTERM at the end, SIGKILL if that is not enough."""
    whole = [*dying_with_us(as_nobody=as_nobody), *map(str, command)]
    with log.open("ab") as output:
        child = subprocess.Popen(
            whole, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd, env=env
        )
    try:
        yield child
    finally:
        stop(child)


def dying_with_us(*, as_nobody: bool = False) -> list[str]:
    """The words before a command that make the kernel kill it when this thread's process ends.

    `setpriv` rather than a function between fork and exec: it changes the user first and asks for
    the signal afterwards, which the kernel would forget the other way round.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    words = [setpriv, "--pdeathsig", "KILL"]
    if as_nobody and os.geteuid() == 0:
        words += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    return words


def stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(TERMINATION_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def until(ready: Callable[[], bool], child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a server to answer.

    Raises: RuntimeError with the end of its log when it ends or stays silent for 30 s.
    """
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / PAUSE_S)):
        if ready():
            return
        if child.poll() is not None:
            break
        pause.wait(PAUSE_S)
    ending = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"{child.args!r} did not get ready (exit code {child.poll()}):\n{ending}")
