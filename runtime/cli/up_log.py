"""The one log of `alir up`: every process in its colour on the screen, everything in a file."""

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
NAME_WIDTH = 9
FILE_BYTES_MOST = 5_000_000
FILES_KEPT = 2

_VALKEY_WARNING = re.compile(r"\d+:[A-Z] .* # ")
_VALKEY_ADVICE = re.compile(
    r"oO0OoO0|Configuration loaded|TCP backlog|overcommit|no config file|version=|maxclients|"
    r"Received SIGTERM|User requested shutdown|bye bye|unload module|fsync"
)
"""Lines that Valkey calls warnings at every start and end, and nobody needs to act on."""
_CHATTER = re.compile(
    r"SecurityWarning|absolutely not recommended|--uid option|User information: uid=|"
    r"_warn_or_raise_security_error|Warm shutdown|\[uvicorn\.error\]|"
    r"(Started|Finished) server process"
)
"""Of Celery and uvicorn, at every start and end: the supervisor says the same in fewer words."""
_UVICORN_TROUBLE = re.compile(r"\[(warning|error|critical)\s*\]")
_ALARM = re.compile(r"\b(error|critical|Traceback|does not stop)\b|\bended \(", re.I)
_WARNING = re.compile(r"\bwarning\b", re.I)


class UpLog:
    """Call `say(process, line)` from any thread."""

    def __init__(self, console: Console, path: Path) -> None:
        self._console = console
        self._colour_of: dict[str, str] = {}
        self._file = RotatingFileHandler(
            path, maxBytes=FILE_BYTES_MOST, backupCount=FILES_KEPT, encoding="utf-8"
        )
        self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def say(self, name: str, line: str) -> None:
        """Keep a line, and show it unless it is chatter."""
        padded = f"{name:>{NAME_WIDTH}} | {line}"
        self._file.emit(logging.LogRecord("up", logging.INFO, "", 0, padded, None, None))
        if is_shown(name, line):
            self._console.print(self._drawn(name, line))

    def close(self) -> None:
        self._file.close()

    def _drawn(self, name: str, line: str) -> Text:
        colour = self._colour_of.setdefault(name, COLOURS[len(self._colour_of) % len(COLOURS)])
        drawn = Text(f"{name:>{NAME_WIDTH}} | ", style=colour)
        style = "red" if _ALARM.search(line) else "yellow" if _WARNING.search(line) else ""
        return drawn.append(line, style=style)


def is_shown(name: str, line: str) -> bool:
    """Whether a line belongs on the screen: of the servers only what one may have to act on."""
    if not line.strip():
        return False
    if "ended (" in line:
        return True
    if name == "valkey":
        return bool(_VALKEY_WARNING.search(line)) and not _VALKEY_ADVICE.search(line)
    return not _CHATTER.search(line) or bool(_UVICORN_TROUBLE.search(line))
