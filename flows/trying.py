"""Trying a flow over HTTP: its test cases, and a run in memory that sends nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flows import filling
from flows import inputs as inputs_
from flows.document import Document, split_type
from flows.engine.plan import PlanError
from flows.simulate import World, run_cases, simulate
from flows.simulate.cases import scope_of
from flows.simulate.run import DEFAULT_NOW, DEFAULT_SEED
from services.kit.errors import FieldProblem, Invalid

MANUAL = "manual"


def test(document: Mapping[str, Any]) -> dict[str, Any]:
    """Every test case of the document: {passed, failed, cases}."""
    results = run_cases(filling.readable(document))
    failed = sum(not result.passed for result in results)
    return {
        "passed": len(results) - failed,
        "failed": failed,
        "cases": [result.as_json() for result in results],
    }


def run(
    document: Mapping[str, Any],
    *,
    trigger: str | None,
    event: Mapping[str, Any],
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    world: Mapping[str, Any],
    context: Mapping[str, Any],
    pins: Mapping[str, Any],
    answers: Mapping[str, Any],
    seed: str | None,
    now: datetime | None,
) -> dict[str, Any]:
    """What would be sent, when and from which device, with the trace of every step.

    `context` may hold parts of the world and answers too, as the context of a test case does;
    `world` and `answers` go before them. Inputs get their defaults and are checked, as at a start.
    Raises: Invalid with every problem of the document, its parameters or what was given.
    """
    found = filling.readable(document)
    values = inputs_.filled(found, inputs) if inputs or _asks(found, trigger) else inputs
    try:
        simulation = simulate(
            found,
            trigger=trigger,
            event=event,
            params=params,
            inputs=values,
            world=World.of({**context, **world}),
            context=scope_of(context),
            pins=pins,
            answers={**(context.get("answers") or {}), **answers},
            seed=seed or DEFAULT_SEED,
            now=DEFAULT_NOW if now is None else _aware(now),
        )
    except PlanError as error:
        raise Invalid(
            "The flow can't run like this.",
            code="flow_has_errors",
            hint="Mend what is listed.",
            problems=[
                FieldProblem(problem.path, problem.message, problem.hint)
                for problem in error.problems
            ],
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(
            f"This can't be tried: {error}.", hint="Look at the flow's test cases for the form."
        ) from error
    return simulation.as_json()


def _asks(document: Document, trigger: str | None) -> bool:
    """Whether this way in brings inputs: messages and calls from outside bring none."""
    names = [trigger] if trigger is not None else list(document.triggers)[:1]
    return any(
        split_type(document.triggers[name].type)[0] == MANUAL
        for name in names
        if name in document.triggers
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
