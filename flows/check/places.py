"""Bounds of a document that was read: how deep, how many nodes, and only what JSON can hold."""

import math
from collections.abc import Mapping
from typing import Any

from flows import limits
from flows.check.report import Notebook
from flows.problems import Pointer


def check_bounds(raw: Mapping[str, Any], notebook: Notebook) -> bool:
    """Whether the document is within bounds, so that the other checks may walk through it."""
    within = _walk(raw, (), notebook)
    for key, most in (
        ("nodes", limits.NODES_MAX),
        ("triggers", limits.TRIGGERS_MAX),
        ("tests", limits.TESTS_MAX),
    ):
        part = raw.get(key)
        if isinstance(part, Mapping | list) and len(part) > most:
            notebook.error(
                f"too_many_{key}",
                (key,),
                f"The document has {len(part)} {key}; {most} is the most.",
                "Move a part of it into a flow of its own and use call-flow.",
                on_key=True,
            )
            within = False
    return within


def starts_value(path: Pointer) -> bool:
    """Whether a path is one field's value, inside of which depth counts afresh."""
    if not path:
        return False
    if path[0] in ("params", "inputs", "outputs"):
        return len(path) == 1
    if path[0] in ("vars", "ui"):
        return len(path) == 2
    if path[0] in ("nodes", "triggers"):
        return len(path) == 4 and path[2] == "with"
    return path[0] == "tests" and len(path) == 4


def _walk(value: Any, path: Pointer, notebook: Notebook, value_root: int = 0) -> bool:
    if starts_value(path):
        value_root = len(path)
    most = limits.VALUE_DEPTH_MAX if value_root else limits.DEPTH_MAX
    if isinstance(value, Mapping | list | tuple):
        if len(path) - value_root > most:
            what = "This value" if value_root else "The document"
            notebook.error(
                "too_deep",
                path,
                f"{what} nests deeper than {most} levels.",
                "Split the condition over several nodes, or move a part into another flow.",
            )
            return False
        if isinstance(value, Mapping):
            if not all(isinstance(key, str) for key in value):
                notebook.error("key_not_text", path, "Keys must be text.")
                return False
            inner = [_walk(v, (*path, k), notebook, value_root) for k, v in value.items()]
        else:
            inner = [_walk(v, (*path, at), notebook, value_root) for at, v in enumerate(value)]
        return all(inner)
    if isinstance(value, float) and not math.isfinite(value):
        notebook.error("bad_number", path, "This is no number that can be stored.")
        return False
    if value is not None and not isinstance(value, str | int | float | bool):
        notebook.error("not_json", path, f"A {type(value).__name__} cannot stand in a document.")
        return False
    return True
