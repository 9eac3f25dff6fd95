"""Finds every node below this folder; nothing else names a kind."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache

import nodes
from nodes.contract import REGISTRY, NodeKind

GROUPS = (
    "triggers",
    "text",
    "logic",
    "contacts",
    "devices",
    "timing",
    "messaging",
    "ai",
    "web",
)


@cache
def load() -> Mapping[tuple[str, int], NodeKind]:
    """Every kind and version, by (kind, version). Imports the node modules once."""
    for module in pkgutil.walk_packages(nodes.__path__, prefix="nodes."):
        if module.name.count(".") >= 2:
            importlib.import_module(module.name)
    return REGISTRY


def find(name: str) -> NodeKind | None:
    """The node a document means by `kind` or `kind@version`; no suffix is version 1."""
    kind, _, version = name.partition("@")
    if version and not version.isdecimal():
        return None
    return load().get((kind, int(version) if version else 1))


def newest(kind: str) -> NodeKind | None:
    """The highest version of a kind."""
    versions = [found for (name, _), found in load().items() if name == kind]
    return max(versions, key=lambda found: found.version, default=None)


def kinds() -> Iterable[NodeKind]:
    """All, in the order of the palette: by group, then by kind and version."""
    order = {group: index for index, group in enumerate(GROUPS)}
    return sorted(
        load().values(), key=lambda found: (order.get(found.group, 99), found.kind, found.version)
    )
