"""Builds the dashboard while `alir up` runs already: nothing waits for it."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent.parent
PACKAGES = HERE / "designer" / "node_modules" / ".setup"
NICENESS = 10
STOP_S = 5.0


class DashboardBuild:
    """`make designer` in the background, from the moment it is made until it is done."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        """Nothing is started where its packages are not set up: the page then says how to build."""
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        if not PACKAGES.exists() or not shutil.which("make"):
            return
        self._process = subprocess.Popen(
            ["nice", "-n", str(NICENESS), "make", "--no-print-directory", "designer"],
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._say("designer", line.rstrip())
        if process.wait() > 0:
            self._say("designer", "warning: the dashboard was not built; see the lines above.")

    def stop(self) -> None:
        """End a build that still runs; a build before stays as it was."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
