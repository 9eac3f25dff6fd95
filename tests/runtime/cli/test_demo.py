"""`alir demo`: a whole broadcast and what customers answer, told as one JSON object."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from runtime.processes.supervisor import OCR_PYTHON

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
    "replies",
    "ocr",
    "clicks",
}
SHARES = {"6281100000001": 50, "6281100000002": 30, "6281100000003": 20}
"""Of a hundred clicks: the numbers stand 5:3:2."""


@pytest.mark.e2e
def test_everybody_is_reached_once_although_a_worker_is_killed_and_answered_once() -> None:
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
    replies = told["replies"]
    assert replies["asked"] == replies["answered"] >= 27
    assert (replies["doubled"], replies["lost"]) == (0, 0)
    assert 0 < replies["median_s"] < 10
    if OCR_PYTHON.exists():
        assert told["ocr"] == {"read": 1, "answered": 1}
    else:
        assert (told["ocr"], told["ocr_why_not"].count("setup-ocr")) == (None, 1)
    assert told["clicks"] == {"asked": 100, "counted": 100, "per_number": SHARES}
