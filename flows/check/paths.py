"""Which values of the scope a condition or a template reads."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes as jinja_nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from flows.problems import Pointer

_OWN_SCOPE = frozenset({"map", "filter", "reduce", "all", "some", "none"})
"""Operators whose second part is evaluated over elements, where `var` means the element."""

_parser = ImmutableSandboxedEnvironment()


def rule_paths(rule: Any, path: Pointer) -> Iterator[tuple[Pointer, str]]:
    """(place, dotted path) of every `var` of a JsonLogic rule that reads the scope of the run."""
    if isinstance(rule, Mapping):
        for operator, given in rule.items():
            where = (*path, operator)
            if operator in ("var", "val"):
                name = given[0] if isinstance(given, list | tuple) and given else given
                if isinstance(name, str) and name:
                    yield where, name
            elif operator in _OWN_SCOPE and isinstance(given, list | tuple):
                if given:
                    yield from rule_paths(given[0], (*where, 0))
            else:
                yield from rule_paths(given, where)
    elif isinstance(rule, list | tuple):
        for at, inner in enumerate(rule):
            yield from rule_paths(inner, (*path, at))


@lru_cache(maxsize=512)
def jinja_paths(template: str) -> tuple[str, ...]:
    """Dotted paths that a template reads; nothing when it is no valid template (told elsewhere)."""
    try:
        tree = _parser.parse(template)
    except (jinja2.TemplateSyntaxError, RecursionError):
        return ()
    found: dict[str, None] = {}
    own = {name.name for name in tree.find_all(jinja_nodes.Name) if name.ctx == "store"}
    _collect(tree, own, found)
    return tuple(found)


def _collect(node: jinja_nodes.Node, own: set[str], found: dict[str, None]) -> None:
    name = _dotted(node)
    if name is not None:
        if name.partition(".")[0] not in own and name not in _parser.globals:
            found[name] = None
        return
    for child in node.iter_child_nodes():
        _collect(child, own, found)


def _dotted(node: jinja_nodes.Node) -> str | None:
    if isinstance(node, jinja_nodes.Name):
        return str(node.name) if node.ctx == "load" else None
    if isinstance(node, jinja_nodes.Getattr):
        inner = _dotted(node.node)
        return f"{inner}.{node.attr}" if inner else None
    if isinstance(node, jinja_nodes.Getitem) and isinstance(node.arg, jinja_nodes.Const):
        inner = _dotted(node.node)
        return f"{inner}.{node.arg.value}" if inner else None
    return None
