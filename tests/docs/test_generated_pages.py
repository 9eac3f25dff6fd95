"""The pages that are made from the code are as the code is now."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    "script", ["make_departures_page.py", "make_nodes_page.py", "make_settings_page.py"]
)
def test_a_made_page_is_up_to_date(script: str) -> None:
    """If this fails: `make docs`."""
    done = subprocess.run([sys.executable, ROOT / "scripts" / script, "--check"], check=False)

    assert done.returncode == 0
