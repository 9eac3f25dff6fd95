"""How every `alir flow` command reads a document, and how it tells what is wrong with it."""

from pathlib import Path

from flows import limits
from flows.problems import Problem


class Unreadable(ValueError):
    """The file can't be read as text; the message names it and says what to do."""


def read(path: str | Path) -> str:
    """The text of a document, at most a byte beyond the limit. Raises: Unreadable."""
    try:
        with Path(path).open("rb") as opened:
            content = opened.read(limits.TEXT_BYTES_MAX + 1)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        if len(content) > limits.TEXT_BYTES_MAX and error.start >= len(content) - 3:
            return content[: error.start].decode("utf-8-sig") + " "  # cut within a sign
        raise Unreadable(f"{path}: is no UTF-8 text. Save it as UTF-8.") from error


def told(path: str | Path, found: Problem) -> str:
    """One problem: `file:line:column: severity: message [code]`, its hint on a line below."""
    place = f"{found.range.line}:{found.range.column}" if found.range else "1:1"
    hint = f"\n    {found.hint}" if found.hint else ""
    return f"{path}:{place}: {found.severity}: {found.message} [{found.code}]{hint}"
