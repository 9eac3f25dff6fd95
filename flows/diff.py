"""What changed between two versions of a flow, told by node id instead of by line."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flows.document import DOCUMENT_KEYS
from flows.edit_yaml import same
from flows.problems import pointer

APART = ("flow", "nodes", "triggers", "ui")


@dataclass(frozen=True, slots=True)
class Change:
    """One value: `path` is a JSON Pointer inside the part; None stands for "not there"."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """An edge that came or went."""

    port: str
    target: str
    added: bool


@dataclass(frozen=True, slots=True)
class StepChange:
    """A node or trigger that is in both versions: what it is, its values, its edges."""

    id: str
    type_before: str
    type_after: str
    values: tuple[Change, ...]
    edges: tuple[EdgeChange, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """Positions and notes stand apart in `moved`; they are no change of content."""

    nodes_added: tuple[str, ...]
    nodes_removed: tuple[str, ...]
    nodes_changed: tuple[StepChange, ...]
    triggers_added: tuple[str, ...]
    triggers_removed: tuple[str, ...]
    triggers_changed: tuple[StepChange, ...]
    document: tuple[Change, ...]
    moved: tuple[Change, ...]

    @property
    def empty(self) -> bool:
        """Nothing but layout changed, or nothing at all."""
        return not any(value for key, value in asdict(self).items() if key != "moved")

    def as_json(self) -> dict[str, Any]:
        return {"empty": self.empty, **asdict(self)}


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> Diff:
    """What leads from one document (plain dicts, as read) to the other."""
    nodes = _steps(_mapping(before.get("nodes")), _mapping(after.get("nodes")))
    triggers = _steps(_mapping(before.get("triggers")), _mapping(after.get("triggers")))
    keys = [key for key in (*DOCUMENT_KEYS, *_others(before, after)) if key not in APART]
    return Diff(
        *nodes,
        *triggers,
        document=tuple(
            change for key in keys for change in _changes(before.get(key), after.get(key), (key,))
        ),
        moved=tuple(_changes(before.get("ui"), after.get("ui"), ("ui",))),
    )


def _others(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted({*before, *after} - set(DOCUMENT_KEYS))


def _steps(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[StepChange, ...]]:
    changed = []
    for id_, old in before.items():
        if id_ in after and not same(old, after[id_]):
            change = _step(id_, _mapping(old), _mapping(after[id_]))
            if change is not None:
                changed.append(change)
    return (
        tuple(id_ for id_ in after if id_ not in before),
        tuple(id_ for id_ in before if id_ not in after),
        tuple(changed),
    )


def _step(id_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> StepChange | None:
    old_edges, new_edges = _edges(old.get("next")), _edges(new.get("next"))
    edges = [EdgeChange(port, target, False) for port, target in sorted(old_edges - new_edges)]
    edges += [EdgeChange(port, target, True) for port, target in sorted(new_edges - old_edges)]
    keys = dict.fromkeys([*old, *new])
    values = [
        change
        for key in keys
        if key not in ("type", "next")
        for change in _changes(old.get(key), new.get(key), (key,))
    ]
    types = str(old.get("type", "")), str(new.get("type", ""))
    if not edges and not values and types[0] == types[1]:
        return None  # the same, spelled another way (`next: a` and `next: [a]`)
    return StepChange(id_, *types, tuple(values), tuple(edges))


def _edges(next_: Any) -> set[tuple[str, str]]:
    if not isinstance(next_, Mapping):
        next_ = {"next": next_}
    edges: set[tuple[str, str]] = set()
    for port, targets in next_.items():
        listed = targets if isinstance(targets, list | tuple) else [targets]
        edges.update((str(port), str(target)) for target in listed if target is not None)
    return edges


def _changes(before: Any, after: Any, path: tuple[str | int, ...]) -> list[Change]:
    """The smallest mappings that differ; lists and texts change as a whole."""
    if same(before, after):
        return []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return [
            change
            for key in dict.fromkeys([*before, *after])
            for change in _changes(before.get(key), after.get(key), (*path, key))
        ]
    return [Change(pointer(path), before, after)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
