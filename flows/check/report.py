"""What a check gives back, what it may ask about a tenant, and the notebook it writes into."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from flows.check.control_signs import readable
from flows.document import Document
from flows.problems import Pointer, Problem, Range, Severity, node_of, pointer
from flows.source import Source


class Tenant(Protocol):
    """What a tenant has, by name. Asked only at the level `tenant`."""

    def devices(self) -> Collection[str]:
        """The names of its devices."""

    def tags(self) -> Collection[str]:
        """The names of its tags."""

    def features(self) -> Collection[str]:
        """The node groups its package includes ("ai", "web" ...)."""

    def fields(self) -> Collection[str]:
        """The fields its contacts have beside the usual ones."""

    def flows(self) -> Collection[str]:
        """The ids of its published flows."""

    def secrets(self) -> Collection[str]:
        """The secret slots of this flow that are bound to a credential."""


@dataclass(frozen=True, slots=True)
class Report:
    """All problems, in the order of the text; `document` only when its shape is right."""

    problems: tuple[Problem, ...]
    document: Document | None

    @property
    def ok(self) -> bool:
        """No errors: the document may be published."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(found for found in self.problems if found.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(found for found in self.problems if found.severity == "warning")

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "problems": [found.as_json() for found in self.problems],
        }


@dataclass(slots=True)
class Notebook:
    """Problems as they are found; knows where in the text each path stands."""

    source: Source | None
    problems: list[Problem] = field(default_factory=list)

    def error(self, code: str, path: Pointer, message: str, hint: str = "", **at: Any) -> None:
        self.note("error", code, path, message, hint, **at)

    def warning(self, code: str, path: Pointer, message: str, hint: str = "", **at: Any) -> None:
        self.note("warning", code, path, message, hint, **at)

    def note(
        self,
        severity: Severity,
        code: str,
        path: Pointer,
        message: str,
        hint: str = "",
        *,
        on_key: bool = False,
        place: Range | None = None,
    ) -> None:
        """Write a problem down, once; `on_key` marks the key of `path` instead of its value."""
        if place is None and self.source is not None:
            source = self.source
            place = source.key_range_of(path) if on_key else source.range_of(path)
        message, hint = readable(message), readable(hint)
        found = Problem(severity, code, node_of(path), pointer(path), message, hint, place)
        if found not in self.problems:
            self.problems.append(found)

    def has(self, code: str, path: Pointer) -> bool:
        """Whether this problem was written down for exactly this place."""
        at = pointer(path)
        return any(found.code == code and found.path == at for found in self.problems)

    def sorted(self) -> tuple[Problem, ...]:
        return tuple(sorted(self.problems, key=_place_of))


def _place_of(problem: Problem) -> tuple[int, int, int]:
    if problem.range is None:
        return (0, 0, problem.severity == "warning")
    return (problem.range.line, problem.range.column, problem.severity == "warning")
