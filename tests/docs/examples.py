"""Runs the commands of a page of the guide, one after the other, against a real API process."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ADDRESS, KEY = "ALIR=http://127.0.0.1:8000", "KEY=alir_..."
"""What a page tells to write first, with one's own values."""
BLOCK = re.compile(
    r"^```sh\n(.*?)^```$(?:\s+^```(json|text)\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
REFUSED = 22
"""curl's exit code for an answer of 400 or more."""
ASKED_AGAIN, PAUSE_S, COMMAND_S = 60, 0.25, 60


@dataclass(frozen=True, slots=True)
class Example:
    """A command, and what it answers: `kind` is json, text, or None where nothing is told."""

    command: str
    kind: str | None
    answer: str


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def examples(page: str) -> list[Example]:
    """The commands of a page with their answers, in order."""
    return [Example(found[1], found[2], found[3] or "") for found in BLOCK.finditer(text_of(page))]


class Shell:
    """What a reader types into one terminal: variables and functions stay."""

    def __init__(self, folder: Path, address: str, key: str) -> None:
        self._folder = folder
        self._written = {ADDRESS: f"ALIR={address}", KEY: f"KEY={key}"}
        self._state = folder / "shell-state"
        self._state.touch()

    def follow(self, page: str) -> None:
        """Do what the page says. Raises: AssertionError at the first thing that is not so."""
        for example in examples(page):
            self.type(example)

    def type(self, example: Example) -> None:
        command = example.command
        for told, real in self._written.items():
            command = command.replace(told, real)
        for _ in self._tries(command):
            done = self._run(command)
            wrong = _difference(example, done)
            if wrong is None:
                return
        raise AssertionError(f"{example.command}\n{wrong}\nanswered:\n{done.stdout}{done.stderr}")

    def _tries(self, command: str) -> Iterator[None]:
        """What only looks may be asked again: clicks are counted, and runs end, a moment later."""
        yield
        if re.search(r" -[XdF] | -o |PATCH|--data", command):
            return
        for _ in range(ASKED_AGAIN):
            Event().wait(PAUSE_S)
            yield

    def _run(self, command: str) -> "subprocess.CompletedProcess[str]":
        keep = f"export -p > {self._state}; declare -f >> {self._state}"
        return subprocess.run(
            [
                "bash",
                "-c",
                f"set -a -o pipefail; . {self._state}; {command}\ncode=$?; {keep}; exit $code",
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
            env={**os.environ, "no_proxy": "127.0.0.1"},
        )


def _difference(example: Example, done: "subprocess.CompletedProcess[str]") -> str | None:
    told = json.loads(example.answer) if example.kind == "json" else example.answer
    is_refusal = isinstance(told, dict) and told.get("status", 0) in range(400, 600)
    if done.returncode != (REFUSED if is_refusal else 0):
        return f"exit code {done.returncode}"
    if example.kind == "text":
        pattern = re.escape(told.strip()).replace(re.escape("..."), ".*")
        return None if re.fullmatch(pattern, done.stdout.strip()) else f"expected:\n{told}"
    if example.kind == "json":
        try:
            holds(json.loads(done.stdout), told)
        except (AssertionError, ValueError, KeyError) as problem:
            return f"{type(problem).__name__}: {problem}"
    return None


def holds(actual: Any, told: Any, place: str = "answer") -> None:
    """Objects hold the fields told, lists begin with the elements told, `...` is anything."""
    if isinstance(told, dict):
        assert isinstance(actual, dict), f"{place} is {actual!r}"
        for name, value in told.items():
            assert name in actual, f"{place} has no {name}"
            holds(actual[name], value, f"{place}.{name}")
    elif isinstance(told, list):
        assert isinstance(actual, list), f"{place} is {actual!r}"
        assert len(actual) >= len(told), f"{place} is {actual!r}"
        for number, value in enumerate(told):
            holds(actual[number], value, f"{place}[{number}]")
    elif isinstance(told, str) and "..." in told:
        pattern = re.escape(told).replace(re.escape("..."), ".*")
        assert re.fullmatch(pattern, str(actual), re.DOTALL), f"{place} is {actual!r}"
    else:
        assert actual == told, f"{place} is {actual!r}, not {told!r}"
