"""Brings older documents up to date: the format step by step, kinds of nodes one at a time."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flows.diff import Change, diff
from flows.document import FORMAT, split_type
from nodes.contract import NodeKind

Step = Callable[[dict[str, Any]], dict[str, Any]]

DOCUMENT_STEPS: Mapping[str, tuple[str, Step]] = {}
"""Format -> (next format, pure function). `alir/1` is the first format, so the chain is empty."""


class UpgradeError(ValueError):
    """A document or a node cannot be brought up to date; the message says why."""


@dataclass(frozen=True, slots=True)
class NodeUpgrade:
    """A preview: what one node becomes. Nothing is changed until `document` is saved."""

    node: str
    type_before: str
    type_after: str
    changes: tuple[Change, ...]
    document: dict[str, Any]


def upgrade_document(
    document: Mapping[str, Any],
    steps: Mapping[str, tuple[str, Step]] = DOCUMENT_STEPS,
    newest: str = FORMAT,
) -> dict[str, Any]:
    """The document in the newest format; the one given stays as it is.

    Raises: UpgradeError when its format is unknown (made by a newer version of Alir).
    """
    current = copy.deepcopy(dict(document))
    seen: set[str] = set()
    while current.get("flow") != newest:
        format_ = current.get("flow")
        if not isinstance(format_, str) or format_ not in steps or format_ in seen:
            raise UpgradeError(
                f"This document has the format {str(format_)[:20]}, which this version of Alir "
                f"cannot read. It reads {newest}."
            )
        seen.add(format_)
        following, step = steps[format_]
        current = {**step(current), "flow": following}
    return current


def upgradable(document: Mapping[str, Any], catalogue: Iterable[NodeKind]) -> dict[str, str]:
    """Nodes and triggers whose kind has a newer version: id -> `kind@newest`."""
    newest = _newest(catalogue)
    found = {}
    for part in ("triggers", "nodes"):
        for id_, step in _mapping(document.get(part)).items():
            kind, version = split_type(str(_mapping(step).get("type", "")))
            if version < newest.get(kind, 0):
                found[id_] = f"{kind}@{newest[kind]}"
    return found


def upgrade_node(
    document: Mapping[str, Any], node: str, catalogue: Iterable[NodeKind]
) -> NodeUpgrade:
    """One node brought to the newest version of its kind, version by version.

    Each version's `upgrade` turns the form of the version before into its own.
    Raises: UpgradeError when there is no such node, nothing newer, or a version cannot be taken.
    """
    kinds = {(kind.kind, kind.version): kind for kind in catalogue}
    part = "nodes" if node in _mapping(document.get("nodes")) else "triggers"
    changed = copy.deepcopy(dict(document))
    step = _mapping(changed.get(part)).get(node)
    if not isinstance(step, dict):
        raise UpgradeError(f"There is no node '{node}'.")
    before = str(step.get("type", ""))
    kind, version = split_type(before)
    newest = _newest(kinds.values()).get(kind, 0)
    if newest <= version:
        raise UpgradeError(f"'{node}' ({before}) is up to date.")
    form = dict(_mapping(step.get("with")))
    while version < newest:
        version = min(known for name, known in kinds if name == kind and known > version)
        upgrade = kinds[kind, version].upgrade
        if upgrade is None:
            raise UpgradeError(
                f"'{kind}@{version}' cannot take over the form of an older version. "
                "Add a new node and fill it in by hand."
            )
        form = upgrade(form)
    step["type"] = f"{kind}@{newest}"
    if form or "with" in step:
        step["with"] = form
    found = diff(document, changed)
    steps = found.nodes_changed + found.triggers_changed
    changes = tuple(change for item in steps for change in item.values)
    return NodeUpgrade(node, before, step["type"], changes, changed)


def _newest(catalogue: Iterable[NodeKind]) -> dict[str, int]:
    newest: dict[str, int] = {}
    for kind in catalogue:
        newest[kind.kind] = max(newest.get(kind.kind, 0), kind.version)
    return newest


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
