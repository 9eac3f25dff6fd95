"""Level schema: no control characters in ids, names and descriptions, and NUL nowhere.

They cannot be seen, they break lists and logs, and the database stores no NUL.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.check.control_signs import control_sign
from flows.check.report import Notebook
from flows.problems import Pointer

_LABELS = frozenset({"id", "name", "title", "type"})
_SCHEMAS = frozenset({"params", "inputs"})
_HINT = "Delete it and type the text again; it often comes along when text is pasted."


def check_signs(raw: Mapping[str, Any], notebook: Notebook) -> None:
    for path, text, on_key in _texts(raw, ()):
        if on_key:
            what, sign = "This key", control_sign(text, lines=False)
        elif _is_label(path):
            what, sign = f"'{_named(path)}'", control_sign(text, lines=False)
        elif _is_description(path):
            what, sign = "'description'", control_sign(text, lines=True)
        else:
            what, sign = "This text", "U+0000" if "\0" in text else None
        if sign is not None:
            notebook.error(
                "control_sign",
                path,
                f"{what} holds a control character ({sign}), which nobody can see.",
                _HINT,
                on_key=on_key,
            )


def _is_label(path: Pointer) -> bool:
    if path[0] in _SCHEMAS:
        return path[-1] == "title"
    return path[0] == "tags" or (len(path) in (1, 3) and path[-1] in _LABELS)


def _is_description(path: Pointer) -> bool:
    return path == ("description",) or (path[0] in _SCHEMAS and path[-1] == "description")


def _named(path: Pointer) -> str:
    return str(path[0] if path[0] == "tags" else path[-1])


def _texts(value: Any, path: Pointer) -> Iterator[tuple[Pointer, str, bool]]:
    """(place, text, whether it is the key of that place) of every key and text, outside in."""
    if isinstance(value, str):
        yield path, value, False
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(key, str):
                yield (*path, key), key, True
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*path, at))
