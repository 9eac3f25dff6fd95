"""Level lint: what is allowed and yet unwise, for the people written to and for the number."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.check.outline import Outline, Step
from flows.check.report import Notebook
from flows.references import is_reference, parse
from nodes.form import duration_s

DELAY_MIN_S = 5.0
SENDERS = frozenset({"send-waha", "send-media", "send-menu"})
GUARDS = frozenset({"blacklist-check"})
ANSWERERS = frozenset({"rag-answer", "ask-model"})
HANDOVER = frozenset({"hand-to-human"})
HEARERS = frozenset({"message"})
UNHEARD_CHATS = ("groups", "all")
UNHEEDED_LIMITS = ("run", "duration")
UNASKED = frozenset({"broadcast", "schedule", "webhook"})
"""Kinds of flow that write to people who did not write first."""

_OPT_OUT = re.compile(r"\b(stop|berhenti|unsub\w*|henti(kan)?|batal langganan)\b", re.IGNORECASE)


def check_habits(whole: Outline, notebook: Notebook) -> None:
    senders = [step for step in whole.nodes.values() if _is(step, SENDERS)]
    unasked = str(whole.raw.get("kind")) in UNASKED
    if unasked and senders and not any(_OPT_OUT.search(text) for text in _texts(whole)):
        notebook.warning(
            "no_opt_out",
            senders[0].path,
            "No message of this flow says how to stop getting messages.",
            'Add a line such as "Balas STOP untuk berhenti."',
            on_key=True,
        )
    for step in senders:
        _check_delay(whole, step, notebook)
        if unasked and not _guarded(whole, step):
            notebook.warning(
                "no_blacklist_check",
                step.path,
                f"'{step.id}' writes to people without a blacklist-check before it on every path.",
                "Put a blacklist-check in front. (Before every send the list is checked anyway.)",
                on_key=True,
            )
    _check_handover(whole, notebook)
    _check_unheeded(whole, notebook)


def _check_unheeded(whole: Outline, notebook: Notebook) -> None:
    """What a document may say and no worker heeds: better told than believed."""
    limits = whole.raw.get("limits")
    for name in UNHEEDED_LIMITS:
        if isinstance(limits, Mapping) and limits.get(name) is not None:
            notebook.warning(
                "not_heeded",
                ("limits", name),
                f"The limit '{name}' is kept in the document, but not enforced yet.",
                "Take it out, or do not rely on it.",
                on_key=True,
            )
    for step in whole.steps():
        if _is(step, HEARERS) and step.with_.get("chats") in UNHEARD_CHATS:
            notebook.warning(
                "not_heeded",
                (*step.path, "with", "chats"),
                "Groups are not heard yet: only private chats start this flow.",
                "Take `chats` out, or do not rely on it.",
            )
    for step in whole.nodes.values():
        if isinstance(step.raw, Mapping) and step.raw.get("cache") is not None:
            notebook.warning(
                "not_heeded",
                (*step.path, "cache"),
                "Answers are not kept yet: the node runs each time.",
                "Take `cache` out, or do not rely on it.",
                on_key=True,
            )


def _is(step: Step, kinds: frozenset[str]) -> bool:
    return step.kind is not None and step.kind.kind in kinds


def _texts(whole: Outline) -> Iterator[str]:
    """Everything that may become part of a message."""
    yield from _strings({key: whole.raw.get(key) for key in ("params", "vars")})
    for step in whole.nodes.values():
        yield from _strings(step.with_)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _check_delay(whole: Outline, step: Step, notebook: Notebook) -> None:
    pace = step.raw.get("pace")
    places = [("with", step.with_, "delay_min"), ("pace", pace, "min")]
    for part, holder, name in places:
        if not isinstance(holder, Mapping) or name not in holder:
            continue
        delay_s = _seconds(whole, holder[name])
        if delay_s is not None and delay_s < DELAY_MIN_S:
            notebook.warning(
                "short_delay",
                (*step.path, part, name),
                f"A pause of {delay_s:g} s is shorter than {DELAY_MIN_S:g} s; WhatsApp may block "
                "the number.",
                "Take 5 s or more; 15 to 45 s is safer.",
            )


def _seconds(whole: Outline, value: Any) -> float | None:
    """A duration in seconds; for a reference to a parameter, its default."""
    if is_reference(value):
        try:
            path = parse(value).paths[0].split(".")
        except ValueError:  # told by the check of forms
            return None
        named = whole.part("params").get("properties")
        schema = named.get(path[-1]) if isinstance(named, Mapping) and len(path) == 2 else None
        if path[0] != "params" or not isinstance(schema, Mapping) or "default" not in schema:
            return None
        value = schema["default"]
    try:
        return duration_s(value)
    except ValueError:  # told by the check of forms
        return None


def _guarded(whole: Outline, step: Step) -> bool:
    before = whole.always_before.get(step.id)
    return before is None or any(_is(whole.nodes[id_], GUARDS) for id_ in before)


def _check_handover(whole: Outline, notebook: Notebook) -> None:
    if whole.raw.get("kind") != "inbound":
        return
    for step in whole.nodes.values():
        if not _is(step, ANSWERERS):
            continue
        after = (id_ for id_, before in whole.before.items() if step.id in before)
        if not any(_is(whole.nodes[id_], HANDOVER) for id_ in after):
            notebook.warning(
                "no_handover",
                step.path,
                f"'{step.id}' answers by itself, and no person takes over when it cannot.",
                "Lead its other ports to hand-to-human.",
                on_key=True,
            )
