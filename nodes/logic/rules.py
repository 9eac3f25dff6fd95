"""JsonLogic rules of a form: compiled when the form is bound, evaluated over what they read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from domain import conditions
from domain.conditions import Condition, ConditionError
from nodes.contract import Context, NodeError
from nodes.text.values import tenant_zone

CACHED_RULES = 1_024


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to run; `roots` are the parts of the scope it reads, None for all of it."""

    condition: Condition
    roots: frozenset[str] | None

    def holds(self, ctx: Context) -> bool:
        """Whether the rule is true for this step. Raises: NodeError when it meets bad values."""
        scope = ctx.scope
        if self.roots is not None:
            scope = {root: scope[root] for root in self.roots if root in scope}
        try:
            return self.condition.test(scope, now=ctx.now, zone=tenant_zone(ctx))
        except ConditionError as problem:
            first = problem.problems[0]
            raise NodeError(
                f"The condition could not be read: {first.message}. {first.hint}".strip(),
                code="condition_failed",
                detail={"path": first.path},
            ) from problem


def compiled(rule: Any) -> Compiled:
    """The rule, compiled once per spelling. Raises: ValueError with every problem it has."""
    problems = conditions.check(rule)
    if problems:
        raise ValueError(
            "; ".join(f"{p.path or '/'} {p.message} {p.hint}".strip() for p in problems)
        )
    return _compiled(json.dumps(rule))


@lru_cache(maxsize=CACHED_RULES)
def _compiled(text: str) -> Compiled:
    rule = json.loads(text)
    condition = conditions.compile(rule)
    if any(_computed(rule)):
        return Compiled(condition, None)
    return Compiled(condition, frozenset(path.partition(".")[0] for path in condition.reads))


def _computed(rule: Any) -> Iterator[bool]:
    """True for each variable whose name is not written out, or is the whole scope."""
    if isinstance(rule, Mapping):
        for operator, given in rule.items():
            if operator == "var":
                name = given[0] if isinstance(given, list) and given else given
                yield not isinstance(name, str) or name == ""
            elif operator in ("missing", "missing_some"):
                yield True
            yield from _computed(given)
    elif isinstance(rule, list):
        for part in rule:
            yield from _computed(part)
