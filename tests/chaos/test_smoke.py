"""The crash test as part of `make test`: each profile once, with a fixed seed (or SEED=n)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.blows import PROFILES, Profile
from tests.support import mariadb

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = os.environ.get("SEED") or "1"
PATIENCE_S = 170.0


@pytest.mark.e2e
@pytest.mark.xdist_group("chaos")
@pytest.mark.parametrize("profile", PROFILES)
def test_a_broadcast_under_fire_reaches_everybody_once(profile: Profile) -> None:
    if profile == "mariadb" and not mariadb.is_installed():
        if os.environ.get("CI") == "true":
            pytest.fail("MariaDB is not installed: make setup-dev")
        pytest.skip("MariaDB is not installed: make setup-dev")
    command = [sys.executable, "-m", "tests.chaos.smoke", "--profile", profile, "--seed", SEED]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
