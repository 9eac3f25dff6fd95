"""`alir demo`: one whole broadcast, told as one JSON object."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PATIENCE_S = 150
KEYS = {
    "recipients",
    "by_state",
    "rejected",
    "per_device",
    "min_gap_s",
    "distinct_texts",
    "duplicates",
    "lost",
    "seconds",
    "report",
}


@pytest.mark.e2e
def test_everybody_is_reached_once_although_a_worker_is_killed() -> None:
    with tempfile.TemporaryDirectory(prefix="alir-demo-") as made:
        folder = Path(made)
        done = subprocess.run(
            [sys.executable, "-m", "runtime.cli", "demo", "--json"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ALIR_VAR": "var"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told = json.loads(done.stdout.splitlines()[-1])
        report = Path(told["report"]).read_text(encoding="utf-8")

    assert set(told) >= KEYS
    assert (told["duplicates"], told["lost"]) == (0, 0)
    assert told["recipients"] == sum(told["by_state"].values()) == 480
    assert sum(told["rejected"].values()) == 15
    assert len(told["per_device"]) == 3
    assert told["min_gap_s"] >= 5
    assert told["distinct_texts"] > 300
    assert "SIGKILL" in done.stderr
    assert "Quiet hours are switched off for this show" in done.stderr
    assert "reached 480 of 480" in done.stderr
    assert "480" in report
