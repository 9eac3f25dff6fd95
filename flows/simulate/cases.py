"""The test cases of a document: each runs on a virtual clock and says what did not hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flows.document import Document, Expect, TestCase
from flows.engine.plan import Finder, PlanError
from flows.simulate.run import DEFAULT_NOW, Simulation, simulate
from flows.simulate.world import World
from nodes import catalogue

DEFAULT_TEST_SEED = "test"

_WORLD = (
    *("contacts", "devices", "blocked", "segments", "answers"),
    *("pictures", "rules", "done", "ai", "flows"),
)
"""Parts of `given.context` that make the world; the others are roots of the scope."""

_SEND_FIELDS = ("to", "text", "device", "kind", "node", "item", "media", "variant")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: whether it holds, and a sentence for everything that does not."""

    name: str
    failures: tuple[str, ...]
    simulation: Simulation | None = None

    @property
    def passed(self) -> bool:
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "passed": self.passed,
            "failures": list(self.failures),
            "simulation": None if self.simulation is None else self.simulation.as_json(),
        }


def run_cases(document: Document, *, find: Finder = catalogue.find) -> list[CaseResult]:
    """Every case of the document, in its order."""
    return [run_case(document, case, find=find) for case in document.tests]


def run_case(document: Document, case: TestCase, *, find: Finder = catalogue.find) -> CaseResult:
    """One case. What can't be run at all is a failure of the case, not an exception."""
    given = case.given
    try:
        simulation = simulate(
            document,
            trigger=case.trigger,
            event=given.trigger,
            params=given.params,
            inputs=given.inputs,
            world=World.of(given.context),
            context=scope_of(given.context),
            pins=given.pins,
            answers=given.context.get("answers") or {},
            seed=given.seed or DEFAULT_TEST_SEED,
            now=_moment(given.now),
            find=find,
        )
    except PlanError as error:
        return CaseResult(
            case.name, tuple(f"{found.path}: {found.message}" for found in error.problems)
        )
    except ValueError as error:
        return CaseResult(case.name, (str(error),))
    return CaseResult(case.name, tuple(_failures(case.expect, simulation)), simulation)


def scope_of(context: Mapping[str, Any]) -> dict[str, Any]:
    """What of a case's context are roots of the scope; the rest makes the world and the answers."""
    return {key: value for key, value in context.items() if key not in _WORLD}


def _moment(written: str | None) -> datetime:
    if written is None:
        return DEFAULT_NOW
    found = datetime.fromisoformat(written)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _failures(expect: Expect, found: Simulation) -> list[str]:
    failures: list[str] = []
    failures += [f"{node} did not run" for node in expect.ran or () if node not in found.ran]
    failures += [f"{node} ran" for node in expect.not_run or () if node in found.ran]
    if expect.status is not None and expect.status != found.status:
        why = f" ({found.reason})" if found.reason else ""
        failures.append(f"it ended as {found.status}{why}, not as {expect.status}")
    elif found.status in ("failed", "cut") and expect.status is None:
        message = (found.error or {}).get("message") or found.reason or ""
        failures.append(f"it ended as {found.status}: {message}")
    for node, counts in (expect.counts or {}).items():
        failures += _wrong_values(f"counts of {node}", counts, found.counts.get(node, {}), 0)
    failures += _wrong_values("variable", expect.vars or {}, found.vars, None)
    return failures + _wrong_sends(expect.sends, found)


def _wrong_values(
    what: str, expected: Mapping[str, Any], found: Mapping[str, Any], absent: Any
) -> list[str]:
    return [
        f"{what}: {name} is {found.get(name, absent)!r}, not {value!r}"
        for name, value in expected.items()
        if found.get(name, absent) != value
    ]


def _wrong_sends(expected: tuple[dict[str, Any], ...] | int | None, found: Simulation) -> list[str]:
    if expected is None:
        return []
    wanted = expected if isinstance(expected, int) else len(expected)
    failures = []
    if len(found.sends) != wanted:
        failures.append(f"{len(found.sends)} messages would be sent, not {wanted}")
    if isinstance(expected, int):
        return failures
    for index, (fields, send) in enumerate(zip(expected, found.sends, strict=False), start=1):
        for name, value in fields.items():
            if name not in _SEND_FIELDS:
                failures.append(f"send {index}: a message has no '{name}'")
            elif getattr(send, name) != value:
                failures.append(f"send {index}: {name} is {getattr(send, name)!r}, not {value!r}")
    return failures
