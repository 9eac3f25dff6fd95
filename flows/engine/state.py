"""What a run remembers between two steps; small, because every recipient of a broadcast has one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
from pydantic import BaseModel

_EMPTY: tuple[Any, ...] = (None, "", 0, {}, [])


@dataclass(slots=True)
class RunState:
    """A run, or an element or a branch of one, between two steps.

    Everything in it is JSON. The engine changes it in place; the fields are the engine's own, the
    caller stores them and reads `at`, `error` and `ended`.
    """

    at: str | None = None
    """The node that runs next, or that the run stands still at."""
    trigger_id: str = ""
    trigger: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)
    """Variables that were set; those that were not have the document's values."""
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    item: dict[str, Any] | None = None
    within: str | None = None
    """The container whose body this element walks."""
    until: str | None = None
    """The join where this branch ends."""
    rounds: dict[str, int] = field(default_factory=dict)
    """Rounds begun of each repeat that is under way."""
    attempts: dict[str, int] = field(default_factory=dict)
    """Failed tries of nodes that will be tried again."""
    waited: dict[str, float] = field(default_factory=dict)
    """Unscaled seconds a node has asked to wait before it runs once more."""
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What a node that will run once more keeps for itself: kept, told, sends."""
    error: dict[str, Any] | None = None
    """The last error that was caught by an error port."""
    pending: list[Any] | None = None
    """What the run waits for: [word, ...ports]."""
    branch: list[str] | None = None
    """Where branches start that have not been handed out yet."""
    failure: dict[str, Any] | None = None
    """An error from outside (a send, a call) that the next advance deals with."""
    taken: int = 0
    """Node steps taken so far."""
    ended: list[Any] | None = None
    """[status, reason] once the run has ended."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """What the flow gives back, once it has ended well."""
    reply: dict[str, Any] | None = None
    """The answer to the web request that started the run: status, headers, body."""

    def to_dict(self) -> dict[str, Any]:
        """The fields that hold something."""
        return {
            name: value
            for name in _FIELDS
            if (value := getattr(self, name)) not in _EMPTY
            or (name == "item" and value is not None)
        }

    def to_json(self) -> bytes:
        """The same as JSON text."""
        return orjson.dumps(self.to_dict())

    @classmethod
    def from_json(cls, stored: bytes | str | Mapping[str, Any]) -> "RunState":
        """A state as it was stored; unknown fields are a state of a newer version: ValueError."""
        values = orjson.loads(stored) if isinstance(stored, bytes | str) else stored
        unknown = set(values) - _FIELD_SET
        if unknown:
            raise ValueError(f"a run state of another version: {sorted(unknown)}")
        return cls(**values)


_FIELDS = tuple(RunState.__slots__)
_FIELD_SET = frozenset(_FIELDS)


def plain(value: Any) -> Any:
    """`value` as JSON would give it back, so that a stored run goes on exactly like a live one.

    Raises: TypeError for a value that JSON can't hold.
    """
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if kind is dict:
        return {
            key if type(key) is str else _key(key): plain(inner) for key, inner in value.items()
        }
    if kind is list or kind is tuple:
        return [plain(inner) for inner in value]
    return _rare(value)


def _rare(value: Any) -> Any:
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return plain(dict(value))
    if isinstance(value, set | frozenset):
        return sorted(plain(inner) for inner in value)
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, int | float):
        return value
    raise TypeError(f"a step's output can't hold {type(value).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, Enum):
        key = key.value
    if key is None or isinstance(key, bool):
        raise TypeError(f"a step's output can't have {key!r} as a name")
    return str(key)
