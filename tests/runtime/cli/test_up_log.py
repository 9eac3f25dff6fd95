"""The screen shows what somebody may act on; the file keeps everything."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from runtime.cli.up_log import UpLog, is_shown


@pytest.mark.parametrize(
    ("name", "line", "shown"),
    [
        ("valkey", "7:M 02 Jan 2026 10:00:00.000 * Ready to accept connections", False),
        ("valkey", "7:M 02 Jan 2026 10:00:00.000 # WARNING: The TCP backlog setting of 511", False),
        ("valkey", "7:M 02 Jan 2026 10:00:00.000 # Can't write: No space left on device", True),
        ("valkey", "ended (SIGKILL); starts again in 0.0 s", True),
        ("api", "2026-01-02 [info     ] Started server process [7] [uvicorn.error]", False),
        ("api", "2026-01-02 [error    ] Exception in ASGI application [uvicorn.error]", True),
        ("worker-1", "platforms.py:893: SecurityWarning: superuser privileges", False),
        ("worker-1", "2026-01-02 [warning  ] server_away code=refused", True),
        ("worker-1", "   ", False),
    ],
)
def test_only_lines_that_matter_are_shown(name: str, line: str, shown: bool) -> None:
    assert is_shown(name, line) is shown


def test_the_file_keeps_what_the_screen_leaves_out(tmp_path: Path) -> None:
    screen = io.StringIO()
    log = UpLog(Console(file=screen, width=200), tmp_path / "up.log")

    log.say("valkey", "7:M 02 Jan 2026 10:00:00.000 * Ready")
    log.say("api", "[bold]brackets[/] stay as they are")
    log.close()

    kept = (tmp_path / "up.log").read_text(encoding="utf-8")
    assert "Ready" in kept
    assert "brackets" in kept
    assert screen.getvalue() == "      api | [bold]brackets[/] stay as they are\n"


def test_each_process_has_a_colour_of_its_own(tmp_path: Path) -> None:
    screen = io.StringIO()
    log = UpLog(
        Console(file=screen, width=200, force_terminal=True, color_system="standard"),
        tmp_path / "up.log",
    )
    for name in ("api", "worker-1", "worker-2", "api"):
        log.say(name, "x")
    log.close()

    colours = [line.partition("m")[0] for line in screen.getvalue().splitlines()]
    assert len(set(colours[:3])) == 3
    assert colours[3] == colours[0]
