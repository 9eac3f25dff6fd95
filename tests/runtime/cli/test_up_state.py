"""One folder has one running installation, and everybody can see which."""

import os
from pathlib import Path

import pytest

from runtime.cli.up_state import Running, RunningAlready, held, running


def test_a_second_installation_in_one_folder_is_refused_with_the_first_one_named(
    tmp_path: Path,
) -> None:
    with (
        held(tmp_path),
        pytest.raises(RunningAlready, match=f"process {os.getpid()}") as caught,
        held(tmp_path),
    ):
        pass

    assert "ALIR_VAR" in caught.value.hint


def test_others_see_where_the_servers_are_while_it_runs(tmp_path: Path) -> None:
    with held(tmp_path) as hold:
        hold.tell("http://127.0.0.1:8000", "http://127.0.0.1:3000", "http://127.0.0.1:5000")
        seen = running(tmp_path)

    assert seen == Running(
        os.getpid(), "http://127.0.0.1:8000", "http://127.0.0.1:3000", "http://127.0.0.1:5000"
    )
    assert running(tmp_path) is None


def test_a_folder_that_never_ran_holds_nothing(tmp_path: Path) -> None:
    assert running(tmp_path) is None
