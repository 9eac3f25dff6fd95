"""What is wrong with a flow document: every problem has a place, a message and a way out."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Literal

Severity = Literal["error", "warning"]
Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of the text. Lines and columns count from 1; the end is the column after."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is a stable word, `node` the id for the canvas, `path` a JSON Pointer.

    `range` is None when the document came without a text.
    """

    severity: Severity
    code: str
    node: str | None
    path: str
    message: str
    hint: str = ""
    range: Range | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def pointer(path: Iterable[str | int]) -> str:
    """("nodes", "a/b", 0) -> "/nodes/a~1b/0" (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, or None."""
    spelled = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), list(spelled), n=1, cutoff=0.6)
    return spelled[near[0]] if near else None


def did_you_mean(word: str, known: Sequence[str], *, several: str = "Known") -> str:
    """A hint: the word most likely meant, else the known ones (at most 8), else nothing."""
    near = closest(word, known)
    if near is not None:
        return f"Did you mean '{near}'?"
    if not known:
        return ""
    listed = ", ".join(f"'{name}'" for name in known[:8])
    more = ", ..." if len(known) > 8 else ""
    return f"{several}: {listed}{more}."


def node_of(path: Pointer) -> str | None:
    """The node or trigger that a place belongs to."""
    if len(path) >= 2 and path[0] in ("nodes", "triggers"):
        return str(path[1])
    return None
