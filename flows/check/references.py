"""Level references: does what a reference, a condition or a template names exist by then?"""

from collections.abc import Iterator, Mapping

from flows.check.forms import fields
from flows.check.outline import Outline, Step
from flows.check.paths import jinja_paths, rule_paths
from flows.check.report import Notebook
from flows.problems import Pointer, did_you_mean
from flows.references import ROOTS, find_refs

_STEP_EXTRAS = frozenset({"port", "error", "status"})
_TRIGGER_EXTRAS = frozenset({"kind", "event_id", "at", "type", "id"})


def check_references(whole: Outline, notebook: Notebook) -> None:
    for step in whole.steps():
        for path, names, certain in _uses(step):
            _check_use(whole, step, path, names, certain, notebook)


def _uses(step: Step) -> Iterator[tuple[Pointer, tuple[str, ...], bool]]:
    """(place, paths of which one must be there, whether it is a plain value) of every use."""
    for part in ("with", "pace", "cache"):
        for path, reference in find_refs(step.raw.get(part), (*step.path, part)):
            yield path, reference.paths, True
    for field in fields(step):
        if field.language == "jsonlogic":
            for path, name in rule_paths(field.value, field.path):
                yield path, (name,), False
        elif field.language == "jinja" and isinstance(field.value, str):
            for name in jinja_paths(field.value):
                yield field.path, (name,), False


def _check_use(
    whole: Outline,
    step: Step,
    path: Pointer,
    names: tuple[str, ...],
    certain: bool,
    notebook: Notebook,
) -> None:
    for at, name in enumerate(names):
        parts = name.split(".")
        root = parts[0]
        if root not in ROOTS:
            notebook.error(
                "unknown_name",
                path,
                f"'{name}' begins with '{root}', which is nothing a flow knows.",
                did_you_mean(root, list(ROOTS), several="It begins with one of"),
            )
        elif root == "steps":
            last_resort = certain and at == len(names) - 1
            _check_step(whole, step, path, parts, last_resort, notebook)
        elif root in ("params", "inputs"):
            _check_schema_name(whole, path, root, parts, notebook)
        elif root == "vars":
            _check_variable(whole, path, parts, notebook)
        elif root == "item" and step.within is None:
            notebook.error(
                "item_outside",
                path,
                f"'{name}' is there only inside a container; '{step.id}' stands outside.",
                "Add 'within: <for-each node>', or refer to something else.",
            )
        elif root == "trigger" and len(parts) > 1:
            _check_trigger_value(whole, path, parts, notebook)


def _check_step(
    whole: Outline,
    step: Step,
    path: Pointer,
    parts: list[str],
    last_resort: bool,
    notebook: Notebook,
) -> None:
    if len(parts) == 1:
        notebook.error(
            "unknown_step", path, "A reference to a step names it: steps.<node>.<output>."
        )
        return
    named = whole.nodes.get(parts[1])
    if named is None:
        notebook.error(
            "unknown_step",
            path,
            f"'{'.'.join(parts)}' refers to the step '{parts[1]}', but there is no such node.",
            did_you_mean(parts[1], list(whole.nodes), several="The nodes"),
        )
        return
    outputs = named.kind.outputs if named.kind is not None else None
    if outputs and len(parts) > 2 and parts[2] not in {*outputs, *_STEP_EXTRAS}:
        notebook.error(
            "unknown_output",
            path,
            f"'{named.id}' ({named.type}) gives no '{parts[2]}'.",
            did_you_mean(parts[2], list(outputs), several="It gives"),
        )
        return
    before = whole.before.get(step.id)
    if before is None:  # a trigger, or a node that is never reached
        if step.path[0] == "triggers":
            notebook.error(
                "step_too_early", path, "A trigger comes before every step.", "Use params instead."
            )
        return
    if named.id not in before and named.id != step.id:
        inside = named.within is not None and named.within != step.within
        notebook.error(
            "step_too_early",
            path,
            f"When '{step.id}' runs, '{named.id}' can never have run before.",
            "What happens inside a container stays there; use its counts."
            if inside and named.within in before
            else f"Put '{named.id}' before it, or refer to another step.",
        )
    elif last_resort and named.id not in whole.always_before[step.id]:
        notebook.warning(
            "step_not_always",
            path,
            f"'{named.id}' is not on every path to '{step.id}'; the value may be missing.",
            "Name a second choice: {$: [steps.a.text, trigger.text]}.",
        )


def _check_schema_name(
    whole: Outline, path: Pointer, root: str, parts: list[str], notebook: Notebook
) -> None:
    if len(parts) == 1:
        return
    named = whole.part(root).get("properties")
    known = list(named) if isinstance(named, Mapping) else []
    if parts[1] not in known:
        notebook.error(
            f"unknown_{root[:-1]}",
            path,
            f"There is no {root[:-1]} '{parts[1]}'.",
            did_you_mean(parts[1], known, several="There is")
            or f"Declare it under '{root}: properties:'.",
        )


def _check_variable(whole: Outline, path: Pointer, parts: list[str], notebook: Notebook) -> None:
    if len(parts) == 1:
        return
    known = variables(whole)
    if parts[1] not in known:
        notebook.error(
            "unknown_variable",
            path,
            f"There is no variable '{parts[1]}'.",
            did_you_mean(parts[1], sorted(known), several="There is")
            or "Declare it under 'vars:', or set it with set-variables.",
        )


def variables(whole: Outline) -> set[str]:
    """The names of `vars`, and of what set-variables steps set."""
    names = set(whole.part("vars"))
    for step in whole.nodes.values():
        if step.kind is not None and step.kind.kind == "set-variables":
            for value in step.with_.values():
                if isinstance(value, Mapping):
                    names.update(map(str, value))
    return names


def _check_trigger_value(
    whole: Outline, path: Pointer, parts: list[str], notebook: Notebook
) -> None:
    kinds = [step.kind for step in whole.triggers.values()]
    if not kinds or any(kind is None for kind in kinds):
        return
    known = {name for kind in kinds if kind is not None for name in kind.outputs}
    if parts[1] not in known | _TRIGGER_EXTRAS:
        notebook.warning(
            "unknown_trigger_value",
            path,
            f"No trigger of this flow brings '{parts[1]}'.",
            did_you_mean(parts[1], sorted(known), several="They bring"),
        )
