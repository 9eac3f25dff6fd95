"""Processor time as the system tells it, and stepping back behind others."""

import os
import subprocess
import sys
from pathlib import Path

from ocr.effort import Effort, used_s

ROOT = Path(__file__).resolve().parent.parent.parent
STEPS_BACK = """
import os, threading
from ocr.effort import step_back
hold = threading.Event()
thread = threading.Thread(target=hold.wait)
thread.start()
step_back()
print(*{os.getpriority(os.PRIO_PROCESS, int(one)) for one in os.listdir("/proc/self/task")})
hold.set()
"""


def test_work_counts_and_waiting_does_not() -> None:
    effort = Effort(os.getpid())
    while effort.look() < 0.05:
        sum(range(10_000))

    assert effort.spent_s <= effort.passed_s + 0.02
    assert effort.still_s < 5


def test_a_process_that_is_gone_has_no_time() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    effort = Effort(done.pid)
    done.wait()

    assert used_s(done.pid) is None
    assert effort.look() == effort.spent_s


def test_all_threads_of_a_process_step_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STEPS_BACK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )

    assert done.stdout.split() == ["19"]
