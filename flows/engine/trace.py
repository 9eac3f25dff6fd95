"""The trace of a run: which steps were taken with what, capped and without secrets."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from flows.engine.state import plain

STEP_BYTES_MAX = 16 * 1024
RUN_BYTES_MAX = 256 * 1024
TEXT_CHARS_SHOWN = 400
LIST_ITEMS_SHOWN = 10

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token|api_?key|authorization|cookie|signature|private_?key", re.I
)
_SECRET_SLOT = "secret:"


@dataclass(slots=True)
class Step:
    """One step as it happened; values are kept by reference until they are written down."""

    node: str
    port: str | None
    """The way out; None while the run stands still here."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    note: str = ""
    """Why it stands still, or how it ended: sending, sleeping, retrying ..."""
    secrets: frozenset[str] = frozenset()
    save: str = "full"


def written(steps: Iterable[Step], *, used_bytes: int = 0) -> list[dict[str, Any]]:
    """The steps as JSON values: at most 16 KiB each, 256 KiB together with `used_bytes`.

    When the run's room is used up the steps that follow keep their node and port only.
    """
    entries: list[dict[str, Any]] = []
    room = RUN_BYTES_MAX - used_bytes
    for step in steps:
        entry: dict[str, Any] = {"node": step.node, "port": step.port}
        if step.note:
            entry["note"] = step.note
        details: dict[str, Any] = {}
        if step.save == "full":
            details["inputs"] = _shown(step.inputs, step.secrets)
            details["outputs"] = _shown(step.outputs, step.secrets)
        if step.error is not None:
            details["error"] = _shown(step.error, step.secrets)
        details = {name: value for name, value in details.items() if value}
        size = len(orjson.dumps({**entry, **details}))
        if size > STEP_BYTES_MAX:
            details = {name: _shortened(value) for name, value in details.items()}
            details["cut_bytes"] = size
            size = len(orjson.dumps({**entry, **details}))
        if size > min(STEP_BYTES_MAX, room):
            details = {"cut_bytes": size}
            size = len(orjson.dumps({**entry, **details}))
        if size > room:
            break
        room -= size
        entries.append({**entry, **details})
    return entries


def redacted(value: Any, secrets: frozenset[str] = frozenset()) -> Any:
    """`value` with everything masked that is a secret by its name, its form or its look."""
    if isinstance(value, Mapping):
        return {
            str(key): HIDDEN
            if inner is not None and (key in secrets or _SECRET_NAME.search(str(key)))
            else redacted(inner, secrets)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(inner, secrets) for inner in value]
    if isinstance(value, str) and value.startswith(_SECRET_SLOT):
        return HIDDEN
    return value


def _shown(values: Mapping[str, Any], secrets: frozenset[str]) -> Any:
    try:
        return redacted(plain(dict(values)), secrets)
    except TypeError as error:
        return {"not_shown": str(error)}


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= TEXT_CHARS_SHOWN else value[:TEXT_CHARS_SHOWN] + "…"
    if isinstance(value, Mapping):
        return {key: _shortened(inner) for key, inner in list(value.items())[:50]}
    if isinstance(value, list):
        cut = [_shortened(inner) for inner in value[:LIST_ITEMS_SHOWN]]
        return cut if len(value) <= LIST_ITEMS_SHOWN else [*cut, f"… {len(value)} in all"]
    return value
