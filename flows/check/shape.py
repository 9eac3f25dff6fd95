"""Level schema: the keys of a document and what kind of value each holds."""

import re
import types
from collections.abc import Mapping, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from flows.check.report import Notebook
from flows.check.words import told
from flows.document import FORMAT, RESERVED_IDS, Document
from flows.problems import Pointer

_NUMBERED = re.compile(r"alir/[1-9][0-9.]*")


def check_shape(raw: Mapping[str, Any], notebook: Notebook) -> None:
    """Every key that is unknown, missing or holds the wrong kind of value."""
    try:
        Document.model_validate(raw)
    except ValidationError as error:
        seen: set[Pointer] = set()
        for found in error.errors(include_url=False):
            _note(found, raw, notebook, seen)
    for part in ("nodes", "triggers"):
        for id_ in _mapping(raw.get(part)):
            if id_ in RESERVED_IDS:
                notebook.error(
                    "reserved_id",
                    (part, id_),
                    f"'{id_}' cannot be an id: YAML readers take it for yes, no or nothing.",
                    f"Choose another word, for example '{id_}_1'.",
                    on_key=True,
                )
    for id_ in _mapping(raw.get("nodes")):
        if id_ in _mapping(raw.get("triggers")):
            notebook.error(
                "id_twice",
                ("nodes", id_),
                f"'{id_}' is a node and a trigger.",
                "Give one of them another id.",
                on_key=True,
            )


def check_format(raw: Mapping[str, Any], notebook: Notebook) -> bool:
    """Whether this version of Alir can judge the document: its format is not a newer one."""
    version = raw.get("flow")
    if not isinstance(version, str) or version == FORMAT or not _NUMBERED.fullmatch(version):
        return True
    notebook.error(
        "newer_format",
        ("flow",),
        f"This document has the format {version[:20]}; this version of Alir reads {FORMAT}.",
        "Update Alir, or export the flow again from the other installation.",
    )
    return False


def _note(
    found: Mapping[str, Any], raw: Mapping[str, Any], notebook: Notebook, seen: set[Pointer]
) -> None:
    path, on_key = real_path(found["loc"], raw)
    kind = found["type"]
    if path in seen and kind not in ("missing", "extra_forbidden"):
        return  # one of the other members of a union
    seen.add(path)
    if notebook.has("control_sign", path):
        return  # told already, in words that help more
    beside = kind in ("extra_forbidden", "missing")
    known = keys_of(Document, path[:-1] if beside else path)
    code, message, hint = told({**found, "loc": path}, known)
    if kind == "missing":
        name = str(found["loc"][-1])
        notebook.error(code, (*path, name) if path[-1:] != (name,) else path, message, hint)
        return
    if on_key:
        code, message = "bad_id", f"'{path[-1]}' cannot be an id."
    notebook.error(code, path, message, hint, on_key=on_key or kind == "extra_forbidden")


def real_path(loc: Sequence[str | int], raw: Any) -> tuple[Pointer, bool]:
    """A pydantic location as a path of the document (tags of unions left out), and whether it
    means the key instead of the value."""
    path: list[str | int] = []
    value: Any = raw
    for at, part in enumerate(loc):
        if part == "[key]":
            return tuple(path), True
        if _holds(value, part):
            value = value[part]
        elif isinstance(value, Mapping) and at == len(loc) - 1 and isinstance(part, str):
            path.append(part)  # a missing key
            return tuple(path), False
        else:
            continue
        path.append(part)
    return tuple(path), False


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and 0 <= part < len(value)


def keys_of(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys allowed in the part of a document at `path`."""
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            named = {field.alias or name: field for name, field in current.model_fields.items()}
            if part not in named:
                return []
            current = _inner(named[str(part)].annotation, item=False)
        else:
            current = _inner(current, item=True)
    current = _inner(current, item=False)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _inner(annotation: Any, *, item: bool) -> Any:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _inner(
            next(
                (
                    part
                    for part in get_args(annotation)
                    if isinstance(part, type) and issubclass(part, BaseModel)
                ),
                None,
            ),
            item=item,
        )
    if item and origin in (dict, tuple, list):
        arguments = get_args(annotation)
        return arguments[1] if origin is dict else arguments[0]
    return annotation


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
