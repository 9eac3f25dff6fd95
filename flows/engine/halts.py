"""Why a run stopped moving, and what may set it moving again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nodes.contract import Message, Values

Status = Literal["succeeded", "failed", "skipped"]

# --------------------------------------------------------------------------- halts


@dataclass(frozen=True, slots=True)
class Ended:
    """Over. `reason` is a stable code, None when all is well; `log` is for the log only."""

    status: Status
    reason: str | None = None
    error: Values | None = None
    outputs: Values = field(default_factory=dict)
    log: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Sleeping:
    """Nothing to do before `until`. Goes on with Woken."""

    node_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Listening:
    """Waits for an event under `key`. Goes on with Event, or at `until` with Woken."""

    node_id: str
    key: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Sending:
    """`message` goes to its device's lane. Goes on with Outcome.

    (run, `node_id`, `round_no`, `attempt`) names this send: `round_no` counts the rounds of the
    repeats around it (0 outside), `attempt` the tries a retry policy allowed (1 first). With
    `hears` the node itself goes on with the outcome, whatever its ports are.
    """

    node_id: str
    message: Message
    round_no: int = 0
    attempt: int = 1
    priority: str | None = None
    hears: bool = False


@dataclass(frozen=True, slots=True)
class Fanout:
    """One element per member of `cursor` (`step.element`). Goes on with ChildrenDone."""

    node_id: str
    cursor: Values
    window: int
    order: Literal["given", "shuffled"]
    round_no: int = 0
    """Of the repeats around it, as in `Sending`: each round has elements of its own."""


@dataclass(frozen=True, slots=True)
class Branching:
    """One child per target (`step.branch`). Goes on with ChildrenDone, or at `until` with Woken.

    `policy` says how many must have ended: all, any one, or `count` of them.
    """

    node_id: str
    targets: tuple[str, ...]
    join: str | None
    policy: Literal["all", "any", "count"] = "all"
    count: int = 0
    until: datetime | None = None
    round_no: int = 0
    """Of the repeats around `node_id`, as in `Sending`."""


@dataclass(frozen=True, slots=True)
class Calling:
    """Another flow runs. Goes on with Outcome("ok", its outputs) or Outcome("error", ...)."""

    node_id: str
    flow: str
    inputs: Values
    version: int | None


@dataclass(frozen=True, slots=True)
class Replying:
    """The HTTP answer of an inline flow. Advance again for what comes after it."""

    node_id: str
    status: int
    headers: Mapping[str, str]
    body: str | bytes


@dataclass(frozen=True, slots=True)
class Retrying:
    """The node failed for now. Goes on with Woken at `at`."""

    node_id: str
    at: datetime
    attempt: int
    error: Values


@dataclass(frozen=True, slots=True)
class HandOver:
    """A slow node: advance again with `allow_slow=True` where `queue` is served."""

    node_id: str
    queue: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Yielded:
    """The budget of this call is used up. Advance again."""

    node_id: str


Halt = (
    Ended
    | Sleeping
    | Listening
    | Sending
    | Fanout
    | Branching
    | Calling
    | Replying
    | Retrying
    | HandOver
    | Yielded
)

# --------------------------------------------------------------------------- signals


@dataclass(frozen=True, slots=True)
class Woken:
    """The time came that a wait, a retry or a timeout was for."""


@dataclass(frozen=True, slots=True)
class Event:
    """What was listened for came; its values become the step's."""

    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a send or a call went.

    `port`: ok, skipped, unknown or error; with `error` the values are of the error object:
    {code, class, message, retriable, detail}, each optional.
    """

    port: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChildrenDone:
    """Elements or branches have ended. For branches `steps` and `vars` are what they found out."""

    counts: Mapping[str, int]
    steps: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    vars: Values = field(default_factory=dict)


Signal = Woken | Event | Outcome | ChildrenDone
