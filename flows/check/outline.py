"""The bones of a document that may be broken: its nodes, triggers and edges as far as they go."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError, create_model

from flows.document import split_type
from flows.problems import Pointer
from flows.references import find_refs
from nodes.contract import NodeKind, Params

EACH = "each"
"""The port by which a container leads to its body."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node or a trigger, read leniently. `kind` is None when its type is unknown."""

    id: str
    path: Pointer
    type: str
    kind: NodeKind | None
    with_: Mapping[str, Any]
    next: Mapping[str, tuple[str, ...]]
    within: str | None
    raw: Mapping[str, Any]

    @property
    def container(self) -> bool:
        return self.kind is not None and self.kind.container

    def ports(self) -> tuple[str, ...] | None:
        """Its ways out; None when they cannot be told (unknown kind, unfinished form)."""
        if self.kind is None:
            return None
        if self.kind.ports_from is None:
            return self.kind.gives
        params = lenient_params(self.kind, self.with_)
        if params is None:
            return None
        try:
            return self.kind.ports(params)
        except (AttributeError, TypeError, ValueError):  # its form is not filled in far enough
            return None


@dataclass(frozen=True, slots=True)
class Outline:
    """A document's steps and how they hang together."""

    raw: Mapping[str, Any]
    kinds: Mapping[tuple[str, int], NodeKind]
    nodes: Mapping[str, Step]
    triggers: Mapping[str, Step]
    before: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each reachable node the steps on some path to it, itself left out."""
    always_before: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each reachable node the steps on every path to it, itself left out."""

    def part(self, name: str) -> Mapping[str, Any]:
        """A top-level mapping of the document; empty when it is missing or of another shape."""
        return _mapping(self.raw.get(name))

    def steps(self) -> Iterable[Step]:
        return (*self.triggers.values(), *self.nodes.values())


def outline(raw: Mapping[str, Any], catalogue: Iterable[NodeKind]) -> Outline:
    """Read the steps of a document, and which of them run before which."""
    kinds = {(kind.kind, kind.version): kind for kind in catalogue}
    nodes = {
        id_: _step(id_, "nodes", node, kinds)
        for id_, node in _mapping(raw.get("nodes")).items()
        if isinstance(node, Mapping)
    }
    triggers = {
        id_: _step(id_, "triggers", trigger, kinds)
        for id_, trigger in _mapping(raw.get("triggers")).items()
        if isinstance(trigger, Mapping)
    }
    before, always = _orders(nodes, triggers)
    return Outline(raw, kinds, nodes, triggers, before, always)


def _step(
    id_: str, part: str, raw: Mapping[str, Any], kinds: Mapping[tuple[str, int], NodeKind]
) -> Step:
    type_ = raw.get("type")
    type_ = type_ if isinstance(type_, str) else ""
    next_: Any = raw.get("next")
    if part == "triggers" and not isinstance(next_, Mapping):
        next_ = {"next": next_}
    within = raw.get("within")
    return Step(
        id=id_,
        path=(part, id_),
        type=type_,
        kind=kinds.get(split_type(type_)),
        with_=_mapping(raw.get("with")),
        next={port: _targets(targets) for port, targets in _mapping(next_).items()},
        within=within if isinstance(within, str) else None,
        raw=raw,
    )


def _targets(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(target for target in value if isinstance(target, str))
    return ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _orders(
    nodes: Mapping[str, Step], triggers: Mapping[str, Step]
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Which steps come before which: on some path, and on every path (dominators)."""
    into: dict[str, set[str]] = {id_: set() for id_ in nodes}
    for step in (*triggers.values(), *nodes.values()):
        for targets in step.next.values():
            for target in targets:
                if target in nodes:
                    into[target].add(f"{step.path[0]}:{step.id}")
    roots = [f"triggers:{id_}" for id_ in triggers]
    ids = [f"nodes:{id_}" for id_ in _in_running_order(nodes, triggers)]
    everything = frozenset([*roots, *ids])
    some: dict[str, frozenset[str]] = {root: frozenset() for root in roots}
    every: dict[str, frozenset[str]] = {root: frozenset() for root in roots}
    for id_ in ids:
        some[id_], every[id_] = frozenset(), everything - {id_}
    changed = True
    while changed:  # settles within as many rounds as the longest path has nodes
        changed = False
        for id_ in ids:
            sources = [source for source in into[id_[6:]] if source in every]
            if not sources:
                continue
            on_some = frozenset().union(*(some[source] | {source} for source in sources))
            on_every = frozenset.intersection(*(every[source] | {source} for source in sources))
            if on_some != some[id_] or on_every != every[id_]:
                some[id_], every[id_], changed = on_some, on_every, True
    return (
        {id_[6:]: _names(some[id_]) - {id_[6:]} for id_ in ids},
        {id_[6:]: _names(every[id_]) - {id_[6:]} for id_ in ids},
    )


def _names(marked: frozenset[str]) -> frozenset[str]:
    return frozenset(name[6:] for name in marked if name.startswith("nodes:"))


def _in_running_order(nodes: Mapping[str, Step], triggers: Mapping[str, Step]) -> list[str]:
    """The nodes that can be reached; without cycles each comes after all that lead to it."""
    done: list[str] = []
    seen: set[str] = set()
    for trigger in triggers.values():
        stack = [iter(_all_targets(trigger))]
        path: list[str] = []
        while stack:
            target = next(stack[-1], None)
            if target is None:
                stack.pop()
                if path:
                    done.append(path.pop())
            elif target in nodes and target not in seen:
                seen.add(target)
                path.append(target)
                stack.append(iter(_all_targets(nodes[target])))
    return done[::-1]


def _all_targets(step: Step) -> list[str]:
    return [target for targets in step.next.values() for target in targets]


# --------------------------------------------------------------------------- forms of kinds


_FORMS: dict[tuple[str, int, Any], type[Params]] = {}


def form_of(kind: NodeKind) -> type[Params]:
    """The model of `with:`: the parameters and the inputs of a kind together. Made once."""
    key = (kind.kind, kind.version, kind.run)
    if key not in _FORMS:
        _FORMS[key] = _form(kind)
    return _FORMS[key]


def _form(kind: NodeKind) -> type[Params]:
    arguments = inspect.signature(kind.run).parameters
    inputs: dict[str, Any] = {
        name: (
            annotation,
            ... if name in kind.required_inputs else arguments[name].default,
        )
        for name, annotation in kind.inputs.items()
    }
    if not inputs:
        return kind.params
    return create_model(f"{kind.params.__name__}Form", __base__=kind.params, **inputs)


def lenient_params(kind: NodeKind, given: Mapping[str, Any]) -> Params | None:
    """The parameters as far as they are valid; what is not yet known is left at its default."""
    fields = kind.params.model_fields
    plain = {key: value for key, value in given.items() if key in fields}
    plain = {key: value for key, value in plain.items() if not any(find_refs(value))}
    for _ in range(len(plain) + 1):
        try:
            return kind.params.model_validate(plain)
        except ValidationError as error:
            bad = {str(found["loc"][0]) for found in error.errors() if found["loc"]} & set(plain)
            if not bad:
                return kind.params.model_construct(None, **plain)
            plain = {key: value for key, value in plain.items() if key not in bad}
    return None
