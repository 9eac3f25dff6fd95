"""Which steps are read later: only their outputs stay in a run's state."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.references import Ref

_WORD = re.compile(r"\bsteps\b")
_STEP = re.compile(r"""\bsteps(?:\.|\[\s*['"])([A-Za-z_][A-Za-z0-9_]*)""")


def steps_read(value: Any, known: frozenset[str]) -> frozenset[str]:
    """The steps that a node's values read, in references, conditions and templates alike.

    Looks at text only, so it may name too many, never too few: a text that speaks of `steps` in a
    way this does not understand reads every one of `known`.
    """
    found: set[str] = set()
    for text in _texts(value):
        names = _STEP.findall(text)
        if len(names) < len(_WORD.findall(text)):
            return known
        found.update(names)
    return known & found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Ref):
        yield from value.paths
    elif isinstance(value, Mapping):
        if "var" in value and _reads_everything(value["var"]):
            yield "steps"
        for key, inner in value.items():
            if isinstance(key, str):
                yield key
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _reads_everything(name: Any) -> bool:
    """Whether {"var": name} means the whole scope, or a name that is computed."""
    if isinstance(name, list) and name:
        name = name[0]
    return name in ("", None, []) or isinstance(name, Mapping)
