"""The flow document `alir/1` as values: what a checked document says, ready to be read by code.

The spelling (YAML or JSON, comments, order, positions) is the business of `flows.yaml_text`.
Here short forms are made plain: targets are tuples, durations are seconds.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from flows.durations import Seconds
from flows.references import RefField

FORMAT = "alir/1"

KINDS = ("broadcast", "inbound", "rotator", "webhook", "schedule", "subflow")
FlowKind = Literal["broadcast", "inbound", "rotator", "webhook", "schedule", "subflow"]

ID_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
RESERVED_IDS = frozenset({"on", "off", "yes", "no", "y", "n", "true", "false", "null"})
"""Words that YAML readers turn into booleans or nothing."""

TYPE_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*(@[1-9][0-9]{0,3})?$"

DOCUMENT_KEYS = (
    "flow",
    "kind",
    "id",
    "name",
    "description",
    "tags",
    "mode",
    "params",
    "inputs",
    "outputs",
    "vars",
    "secrets",
    "limits",
    "triggers",
    "nodes",
    "tests",
    "ui",
)
NODE_KEYS = (
    "type",
    "name",
    "within",
    "with",
    "next",
    "on_error",
    "timeout",
    "retry",
    "pace",
    "priority",
    "cache",
    "disabled",
    "save",
)
TRIGGER_KEYS = ("type", "name", "with", "dedupe", "debounce", "disabled", "next")


def is_id(text: str) -> bool:
    """Whether a text may be the id of a node, trigger or flow."""
    return re.fullmatch(ID_PATTERN, text) is not None and text not in RESERVED_IDS


def split_type(name: str) -> tuple[str, int]:
    """`keyword-match@2` -> ("keyword-match", 2); no suffix is version 1."""
    kind, _, version = name.partition("@")
    return kind, int(version) if version.isdecimal() else 1


def _as_targets(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _as_trigger_targets(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"next"}:
        value = value["next"]
    return _as_targets(value)


NodeId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
NodeType = Annotated[str, StringConstraints(pattern=TYPE_PATTERN, max_length=64)]
Targets = Annotated[tuple[str, ...], BeforeValidator(_as_targets), Field(max_length=50)]
TriggerTargets = Annotated[tuple[str, ...], BeforeValidator(_as_trigger_targets)]
JsonSchema = dict[str, Any]
ErrorClassName = Literal[
    "timeout",
    "rate_limited",
    "device_offline",
    "not_on_whatsapp",
    "blocked",
    "quota",
    "bad_config",
    "upstream",
    "unknown_outcome",
    "cancelled",
]


class Part(BaseModel):
    """Base of every part of a document: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Retry(Part):
    """When a node tries again: at most `max` times, with pauses that grow up to `cap_s`."""

    max: int = Field(3, ge=0, le=10)
    backoff: Literal["fixed", "exponential"] = "exponential"
    base_s: Seconds = Field(20.0, alias="base")
    cap_s: Seconds = Field(600.0, alias="cap")
    jitter: bool = True
    only: tuple[ErrorClassName, ...] = ()


class Pace(Part):
    """How far apart the messages of one lane stay; seconds, or references to them."""

    lane: str = Field("device", max_length=64)
    min_s: RefField | Seconds | None = Field(None, alias="min")
    max_s: RefField | Seconds | None = Field(None, alias="max")


class Cache(Part):
    """Keep a node's answer for `ttl_s`, one per value of `key`."""

    key: RefField | str | None = None
    ttl_s: Seconds = Field(300.0, alias="ttl")


class NodeDoc(Part):
    """One node: what it is (`type`), its form (`with`) and where it leads (`next`)."""

    type: NodeType
    name: str | None = Field(None, max_length=120)
    within: str | None = None
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    next: dict[str, Targets] = Field(default_factory=dict)
    on_error: Literal["fail", "skip", "continue"] = "fail"
    timeout_s: Seconds | None = Field(None, alias="timeout")
    retry: Retry | None = None
    pace: Pace | None = None
    priority: Literal["high", "normal", "low"] | None = None
    cache: Cache | None = None
    disabled: bool = False
    save: Literal["full", "meta", "none"] = "full"


class Dedupe(Part):
    """The same event twice within `ttl_s` starts one run; `key` names what makes it the same."""

    key: str = Field(max_length=200)
    ttl_s: Seconds = Field(48 * 3600.0, alias="ttl")


class Debounce(Part):
    """Gather events of one `key` until none came for `quiet_s`, at most `max_s` long."""

    key: str = Field("trigger.chat_id", max_length=200)
    quiet_s: Seconds = Field(6.0, alias="quiet")
    max_s: Seconds = Field(25.0, alias="max")
    messages: int = Field(10, ge=1, le=100)


class TriggerDoc(Part):
    """One way in: which events start the flow, and at which nodes."""

    type: NodeType
    name: str | None = Field(None, max_length=120)
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    dedupe: Dedupe | None = None
    debounce: Debounce | None = None
    disabled: bool = False
    next: TriggerTargets = ()


class RunLimit(Part):
    """How many runs with the same `key` may be under way, and what happens to one too many."""

    key: str = Field("flow", max_length=200)
    max: int = Field(1, ge=1, le=10_000)
    when_full: Literal["queue", "reject", "cancel_oldest"] = "queue"


class QuietHours(Part):
    """No sends between `start` and `end` on the clock of `tz`; over midnight is fine."""

    tz: str = Field("Asia/Jakarta", max_length=64)
    start: str = Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(alias="to", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")


class Limits(Part):
    """What a flow may use."""

    run: RunLimit | None = None
    device_per_day: RefField | int | None = None
    quiet_hours: QuietHours | None = None
    steps: int | None = Field(None, ge=1, le=10_000)
    duration_s: Seconds | None = Field(None, alias="duration")


class SecretSlot(Part):
    """A secret the flow needs; its value is bound per tenant and never stands in a document."""

    kind: str = Field(max_length=64)
    title: str = Field("", max_length=120)


class Given(Part):
    """What a test case starts from."""

    params: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, Any] = Field(default_factory=dict)
    trigger: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    """What the world holds: contacts, contact, chat, tenant, devices, blocked ..."""
    pins: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Answers that stand for a node's own: {port: ..., <output>: ...}."""
    seed: str | None = None
    now: str | None = None


class Expect(Part):
    """What must hold when a test case has run."""

    ran: tuple[str, ...] | None = None
    not_run: tuple[str, ...] | None = None
    sends: tuple[dict[str, Any], ...] | int | None = None
    """The messages in order, each by the fields named, or how many there are."""
    counts: dict[str, dict[str, int]] | None = None
    status: str | None = None
    vars: dict[str, Any] | None = None


class TestCase(Part):
    """One case: an event, what surrounds it, and what must come out."""

    __test__ = False  # no test class, whatever its name tells a test runner

    name: str = Field(min_length=1, max_length=200)
    trigger: str | None = None
    given: Given = Field(default_factory=Given)
    expect: Expect = Field(default_factory=Expect)


class Document(Part):
    """A whole flow."""

    flow: Literal["alir/1"]
    kind: FlowKind
    id: Annotated[str, StringConstraints(pattern=ID_PATTERN)]
    name: str = Field(min_length=1, max_length=120)
    description: str = Field("", max_length=2000)
    tags: tuple[Annotated[str, StringConstraints(max_length=40)], ...] = Field((), max_length=20)
    mode: Literal["durable", "inline"] = "durable"
    params: JsonSchema | None = None
    inputs: JsonSchema | None = None
    outputs: dict[str, Any] | None = None
    vars: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, SecretSlot] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=lambda: Limits.model_validate({}))
    triggers: dict[NodeId, TriggerDoc] = Field(default_factory=dict)
    nodes: dict[NodeId, NodeDoc] = Field(default_factory=dict)
    tests: tuple[TestCase, ...] = ()
    ui: dict[str, Any] = Field(default_factory=dict)
