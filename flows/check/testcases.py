"""Level graph: test cases name triggers, nodes, ports and params that exist."""

from collections.abc import Mapping
from typing import Any

from flows.check.outline import Outline
from flows.check.report import Notebook
from flows.check.schemas import validator_errors
from flows.problems import Pointer, did_you_mean


def check_tests(whole: Outline, notebook: Notebook) -> None:
    cases = whole.raw.get("tests")
    names: set[str] = set()
    for at, case in enumerate(cases if isinstance(cases, list | tuple) else ()):
        if not isinstance(case, Mapping):
            continue
        path: Pointer = ("tests", at)
        name = case.get("name")
        if isinstance(name, str) and name in names:
            notebook.warning(
                "test_twice", (*path, "name"), f"Two tests are called '{name[:80]}'.", "Rename one."
            )
        names.add(str(name))
        _check_trigger(whole, case, path, notebook)
        given = _mapping(case.get("given"))
        expect = _mapping(case.get("expect"))
        _check_pins(whole, given, (*path, "given"), notebook)
        for part in ("params", "inputs"):
            _check_values(whole, part, given, (*path, "given"), notebook)
        for part in ("ran", "not_run"):
            listed = expect.get(part)
            for index, node in enumerate(listed if isinstance(listed, list | tuple) else ()):
                _check_node(whole, node, (*path, "expect", part, index), notebook)
        for node in _mapping(expect.get("counts")):
            _check_node(whole, node, (*path, "expect", "counts", node), notebook)
        if not expect:
            notebook.warning(
                "test_expects_nothing",
                path,
                f"The test '{str(name)[:80]}' expects nothing, so it cannot fail.",
                "Add 'expect:' with ran, not_run, sends, counts or status.",
            )


def _check_trigger(
    whole: Outline, case: Mapping[str, Any], path: Pointer, notebook: Notebook
) -> None:
    trigger = case.get("trigger")
    if isinstance(trigger, str) and trigger not in whole.triggers:
        notebook.error(
            "unknown_test_trigger",
            (*path, "trigger"),
            f"There is no trigger '{trigger}'.",
            did_you_mean(trigger, list(whole.triggers), several="The triggers"),
        )
    elif trigger is None and len(whole.triggers) > 1:
        notebook.error(
            "no_test_trigger",
            path,
            "The flow has several triggers; the test must say which one.",
            f"Add 'trigger: {next(iter(whole.triggers))}'.",
        )


def _check_pins(
    whole: Outline, given: Mapping[str, Any], path: Pointer, notebook: Notebook
) -> None:
    for id_, pin in _mapping(given.get("pins")).items():
        at = (*path, "pins", id_)
        _check_node(whole, id_, at, notebook)
        step = whole.nodes.get(id_)
        port = _mapping(pin).get("port")
        ports = step.ports() if step is not None else None
        if ports is not None and isinstance(port, str) and port not in ports:
            notebook.error(
                "unknown_pin_port",
                (*at, "port"),
                f"'{id_}' has no port '{port}'.",
                did_you_mean(port, ports, several="Its ports"),
            )


def _check_values(
    whole: Outline, part: str, given: Mapping[str, Any], path: Pointer, notebook: Notebook
) -> None:
    values, schema = given.get(part), whole.raw.get(part)
    if not isinstance(values, Mapping):
        return
    if not isinstance(schema, Mapping):
        notebook.error(
            f"unknown_{part[:-1]}",
            (*path, part),
            f"The flow declares no {part}.",
            f"Declare them under '{part}:'.",
            on_key=True,
        )
        return
    known = list(_mapping(schema.get("properties")))
    for name, value in values.items():
        if name not in known:
            notebook.error(
                f"unknown_{part[:-1]}",
                (*path, part, name),
                f"There is no {part[:-1]} '{name}'.",
                did_you_mean(name, known, several="There is"),
                on_key=True,
            )
            continue
        inner = _mapping(schema["properties"]).get(name)
        if not isinstance(inner, Mapping):
            continue
        for wrong in validator_errors(inner, value):
            notebook.error(
                "test_value_does_not_fit",
                (*path, part, name, *wrong.absolute_path),
                f"'{name}' does not fit: {wrong.message[:200]}.",
            )


def _check_node(whole: Outline, id_: Any, path: Pointer, notebook: Notebook) -> None:
    if isinstance(id_, str) and id_ not in whole.nodes and id_ not in whole.triggers:
        notebook.error(
            "unknown_test_node",
            path,
            f"There is no node '{id_}'.",
            did_you_mean(id_, list(whole.nodes), several="The nodes"),
            on_key=not isinstance(path[-1], int),
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
