"""What a node is: its declaration, what it is told, and the closed set of its answers."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict

Values = Mapping[str, Any]
Effect = Literal["pure", "read", "idempotent", "at_most_once"]
Language = Literal["text", "jinja", "jsonlogic", "expression"]
AiTask = Literal["answer", "ask", "classify"]


class Params(BaseModel):
    """The form of a node. Every field has a title; json_schema_extra holds `x-lang`, `x-widget`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --------------------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Go:
    """Leave by `port`; `values` become `steps.<node>`, `vars` overwrite the run's variables."""

    port: str
    values: Values = field(default_factory=dict)
    vars: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Stand still. At `until` the run leaves by `then`; an event under `key` first: by `on_event`.

    The event's own values become `steps.<node>`. `until=None` waits for the event alone.
    With `again` the node itself runs once more at `until` (`then` is not taken), and
    `Context.waited_s` tells it how long it has stood still so far. With `hear` it runs once more
    when the event comes (`on_event` is not taken): `Context.told` holds the event's values,
    `Context.kept` what it gave as `keep`.
    """

    until: datetime | None
    then: str = "ok"
    key: str | None = None
    on_event: str | None = None
    again: bool = False
    hear: bool = False
    keep: Values | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End this run (or this element) here; `reason` is a stable code, None when all is well."""

    reason: str | None = None
    status: Literal["succeeded", "failed", "skipped"] = "succeeded"


@dataclass(frozen=True, slots=True)
class Each:
    """Run the body once per element of `cursor`, at most `window` at a time.

    A cursor is JSON: {"kind": "audience", ...selector...} or {"kind": "list", "items": [...]}.
    The node leaves by `done` when every element has ended, with `counts`.
    """

    cursor: Values
    window: int
    order: Literal["given", "shuffled"] = "given"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Run the body again, at most `times` in all; then leave by `done`."""

    times: int


@dataclass(frozen=True, slots=True)
class Join:
    """Wait for parallel branches: all, any or `count` of them; `timeout` is a port.

    A node that answers so says it in its return annotation: the plan looks there for the place
    where branches meet.
    """

    policy: Literal["all", "any", "count"]
    count: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Run another published flow of the tenant and leave by `ok` with its outputs."""

    flow: str
    inputs: Values = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The HTTP answer of an inline flow."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A file of the tenant's media store; `url` is `media:<its name there>`."""

    url: str
    mimetype: str
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a text was made, so that it can be made again with the same choices when it is stale."""

    source: str
    values: Values
    seed: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one chat through one device.

    `to` is a phone (digits, E.164 without plus), a LID or a chat id; `device` the device's name.
    `gap_min_s`, `gap_max_s`: pause asked before the device's next broadcast, unscaled seconds.
    """

    kind: Literal["text", "media", "typing", "seen"]
    device: str
    to: str
    text: str = ""
    media: Media | None = None
    link_preview: bool = False
    typing_s: float = 0.0
    gap_min_s: float = 0.0
    gap_max_s: float = 0.0
    recipe: Recipe | None = None
    path: str = ""
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Hand `message` to its device's lane and wait for the outcome.

    The run leaves by `ok` {message_id, device}, `skipped` {reason}, `unknown` {message_id} or
    `error`. Never repeated blindly: the lane's ledger decides. Typing and seen are signs, not
    messages: whatever becomes of them, the run leaves by `ok`. With `hear` the node itself runs
    once more when the outcome is known, an error aside: `Context.told` holds the outcome's `port`
    and values, `Context.kept` what it gave as `keep`.
    """

    message: Message
    hear: bool = False
    keep: Values | None = None


Answer = Go | Wait | Stop | Each | Repeat | Join | Call | Reply | Send


ErrorClass = Literal[
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


class NodeError(Exception):
    """A node could not do its work. The run leaves by `error`, or retries when `retriable`."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorClass = "bad_config",
        code: str = "",
        retriable: bool = False,
        detail: Values | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.code = code or kind
        self.retriable = retriable
        self.detail = dict(detail or {})


# --------------------------------------------------------------------------- what a node is told


@dataclass(frozen=True, slots=True)
class Device:
    """A device as a node sees it."""

    name: str
    phone: str | None
    ready: bool
    why_not: str = ""
    weight: int = 1
    sent_today: int = 0
    health: int = 100


@dataclass(frozen=True, slots=True)
class ReadText:
    """What stands in a picture or a document, in reading order.

    `lines` are {text, confidence, page}; a confidence is 0 to 1, that of the whole 0 without text.
    """

    text: str
    lines: Sequence[Values] = ()
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Audience:
    """Who a selection means now. `cursor` goes into `Each` as it is."""

    cursor: Values
    count: int


class Ports(Protocol):
    """What nodes may ask of the world. Writes are kept and committed with the run's next state.

    The runtime answers from the database (read ahead for a whole batch), the simulator and the
    tests from memory.
    """

    def blocked(self, phone: str) -> str | None:
        """The reason why this person must not be written to, or None."""

    def devices(self, names: Sequence[str]) -> Sequence[Device]:
        """These devices of the tenant in the order given; all of them when `names` is empty."""

    def device_known_to(self, phone: str) -> str | None:
        """The device this person last talked with."""

    def turn(self, key: str) -> int:
        """The next number of a rotation: 0, 1, 2 ... shared by every run and worker."""

    def audience(self, selector: Values) -> Audience:
        """The people a selector means: {tags_any, tags_all, tags_none, segment, phones}."""

    def contact(self, phone: str) -> Values | None:
        """The tenant's contact with this number: id, phone, name, tags and its own fields."""

    def tag(self, phone: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Give and take tags."""

    def profile(self) -> Values:
        """The tenant's own values: name (field `toko`), owner_phone, zone, footer."""

    def quiet_until(self, now: datetime, rule: Values) -> datetime:
        """The first moment at or after `now` that a window rule allows."""

    def media(self, reference: str) -> Media:
        """The tenant's media file of this id or name, ready to send; NodeError when it is not."""

    def read_image(self, reference: str, timeout_s: float) -> ReadText:
        """The text in a picture or PDF of the media store; takes seconds.

        NodeError when it can't be read; retriable, with `retry_after_s` in its detail where it is
        known, while the reader is busy or away.
        """

    def reply_rules(self, text: str) -> Sequence[Values]:
        """The shop's keyword rules that this text meets, for the chat of this run.

        {id, name, keyword, found, reply, media, action, why_not} each: first those that apply, in
        their order, with `why_not` None; then the others that match, and why they are passed over.
        The use of those that apply is noted with the run's next state.
        """

    def once(self, key: str, within_s: float) -> bool:
        """True, and noted, when `key` was not done in this run's chat within that time (unscaled).

        In a run without a chat it is always True.
        """

    def save_contact(self, phone: str, name: str | None, fields: Values) -> Values:
        """Make this person a saved contact, or fill in name and fields; the contact as it will be.

        A field with the value None is taken away. `id` is None for somebody new.
        """

    def block(self, phone: str, reason: str) -> None:
        """Put this person on the blacklist: MANUAL, SPAM_REPORT or UNSUBSCRIBE."""

    def hand_over(self, until: datetime | None, why: str) -> Values:
        """Give this run's chat to a person until then (unscaled), None for good.

        {"agent": the name of whom the chat is assigned to, or None}. NodeError without a chat.
        """

    def http(self, request: Values, timeout_s: float) -> Values:
        """Ask another server through the guarded door; takes seconds.

        `request` is {method, url, headers, body (text or None)}, the answer {status, headers,
        body (text)}. NodeError (timeout, upstream, bad_config) when there is none.
        """

    def ai(self, task: AiTask, request: Values, timeout_s: float) -> Values:
        """What an AI engine says; takes seconds.

        `answer`: {outcome: ok, ask_back, no_context or quota, text, citations, score}; `ask`:
        {outcome: ok or quota, text, data}; `classify`: {label or None, score}. NodeError with the
        code `not_configured` while the shop has no engine.
        """

    def click(self, rotator: str, target: str, source: Values) -> str:
        """Note a click on the link `rotator` that leads to `target`; gives its code."""


@dataclass(slots=True)
class Context:
    """What surrounds one step. `scope` is what references, templates and conditions may see."""

    now: datetime
    tenant_id: int
    run_id: int
    node_id: str
    seed: str
    identity: str
    mode: Literal["live", "test", "simulate"]
    ports: Ports
    scope: Values
    attempt: int = 1
    kind: str = "broadcast"
    gap_min_s: float = 0.0
    gap_max_s: float = 0.0
    skip_missing: bool = False
    waited_s: float = 0.0
    told: Values | None = None
    """What the node stood still for (`hear`), when it runs once more because of that."""
    kept: Values = field(default_factory=dict)
    round_no: int = 0
    """One number for the rounds of all repeats around the step; 0 outside of any."""


# --------------------------------------------------------------------------- declaration


@dataclass(frozen=True, slots=True)
class NodeKind:
    """One registered kind and version of node."""

    kind: str
    version: int
    title: str
    title_id: str
    gives: tuple[str, ...]
    effect: Effect
    group: str
    params: type[Params]
    inputs: Mapping[str, Any]
    required_inputs: frozenset[str]
    outputs: Mapping[str, str]
    run: Callable[..., Answer]
    simulate: Callable[..., Answer]
    ports_from: Callable[[Any], tuple[str, ...]] | None
    upgrade: Callable[[dict[str, Any]], dict[str, Any]] | None
    queue: str | None
    timeout_s: float
    trigger: bool
    container: bool
    required_ports: tuple[str, ...]
    doc: str
    doc_id: str

    @property
    def name(self) -> str:
        return f"{self.kind}@{self.version}"

    def ports(self, params: Params | None) -> tuple[str, ...]:
        """The ways out of a node with these parameters (a switch has one per case)."""
        if self.ports_from is None or params is None:
            return self.gives
        own = self.ports_from(params)
        return own + tuple(port for port in self.gives if port not in own)


REGISTRY: dict[tuple[str, int], NodeKind] = {}
"""Filled while the modules below `nodes/` are imported; read it through `nodes.catalogue`."""


def node(
    kind: str,
    *,
    version: int = 1,
    title: str,
    title_id: str,
    gives: tuple[str, ...],
    effect: Effect,
    doc_id: str = "",
    outputs: Mapping[str, str] | None = None,
    ports_from: Callable[[Any], tuple[str, ...]] | None = None,
    simulate: Callable[..., Answer] | None = None,
    upgrade: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    queue: str | None = None,
    timeout_s: float = 30.0,
    trigger: bool = False,
    container: bool = False,
    required_ports: tuple[str, ...] = (),
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Declare a node. The function's signature is the rest of the declaration.

    `params` is the form; keyword-only arguments are the inputs (what it reads), each a field of
    `with:` too (`Annotated[str, Field(...)]` titles it); the docstring (and `doc_id`) its
    documentation. `outputs` names what it puts into `steps.<node>`, each with a short type word.
    Names may not be used twice.
    """

    def declare(function: Callable[..., Answer]) -> Callable[..., Answer]:
        hints = get_type_hints(function, include_extras=True)
        signature = inspect.signature(function)
        names = list(signature.parameters)
        if names[:2] != ["params", "ctx"]:
            raise TypeError(f"node {kind}: the first two arguments are params and ctx")
        inputs = {
            name: hints[name]
            for name, parameter in signature.parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        required = frozenset(
            name for name in inputs if signature.parameters[name].default is inspect.Parameter.empty
        )
        overlap = set(inputs) & set(hints["params"].model_fields)
        if overlap:
            raise TypeError(f"node {kind}: {sorted(overlap)} are both parameter and input")
        if (kind, version) in REGISTRY:
            raise ValueError(f"two nodes are called {kind}@{version}")
        REGISTRY[kind, version] = NodeKind(
            kind=kind,
            version=version,
            title=title,
            title_id=title_id,
            gives=gives,
            effect=effect,
            group=function.__module__.split(".")[1] if "." in function.__module__ else "",
            params=hints["params"],
            inputs=inputs,
            required_inputs=required,
            outputs=dict(outputs or {}),
            run=function,
            simulate=simulate or function,
            ports_from=ports_from,
            upgrade=upgrade,
            queue=queue,
            timeout_s=timeout_s,
            trigger=trigger,
            container=container,
            required_ports=required_ports,
            doc=inspect.cleandoc(function.__doc__ or ""),
            doc_id=inspect.cleandoc(doc_id),
        )
        return function

    return declare
