"""The page about the command names every command and every option there is."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from runtime.cli import app

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "cli.md").read_text(
    encoding="utf-8"
)


def commands() -> dict[str, set[str]]:
    found = {}

    def walk(command: Any, words: str) -> None:
        inner = getattr(command, "commands", None)
        if inner:
            for name, one in inner.items():
                walk(one, f"{words} {name}")
            return
        options = {option for one in command.params for option in one.opts if option[:2] == "--"}
        found[words] = options - {"--help", "--password"}

    walk(typer.main.get_command(app), "alir")
    return found


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_is_explained_with_its_options(command: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{command}")]

    assert len(rows) == 1, rows
    told = set(re.findall(r"--[a-z-]+", rows[0]))
    missing = {option for option in commands()[command] if option not in told}
    assert {option for option in missing if f"--no-{option[2:]}" not in told} == set()
