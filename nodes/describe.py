"""What the designer is told about a kind of node: its form, its ports and its documentation."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from inspect import Parameter, signature
from typing import Any

from pydantic import create_model

from nodes import catalogue
from nodes.contract import Answer, NodeKind, Params


class UnknownKind(LookupError):
    """There is no such kind, or no such version of it."""


def describe(kind: str | NodeKind) -> dict[str, Any]:
    """One kind as JSON, by its name (`send-waha`, or `send-waha@2`; no suffix is version 1).

    `form` is one JSON Schema (draft 2020-12) for the parameters and the inputs together, as they
    stand in `with:`; what a node reads is marked `x-port: true`. `ports_from_form` says that the
    form adds ways out (a switch has one per case).
    Raises: UnknownKind.
    """
    found = catalogue.find(kind) if isinstance(kind, str) else kind
    if found is None:
        raise UnknownKind(f"there is no node type {kind!r}")
    return {
        "kind": found.kind,
        "version": found.version,
        "group": found.group,
        "title": {"en": found.title, "id": found.title_id},
        "doc": {"en": found.doc, "id": found.doc_id},
        "ports": list(found.gives),
        "ports_from_form": found.ports_from is not None,
        "required_ports": list(found.required_ports),
        "effect": found.effect,
        "queue": found.queue,
        "trigger": found.trigger,
        "container": found.container,
        "outputs": dict(found.outputs),
        "form": form_schema(found),
    }


def describe_all() -> list[dict[str, Any]]:
    """Every kind and version, in the order of the palette."""
    return [describe(kind) for kind in catalogue.kinds()]


def form_schema(kind: NodeKind) -> dict[str, Any]:
    """Inputs and parameters as one object schema; the caller owns it and may change it."""
    return deepcopy(_form_schema(kind.run, kind.params, tuple(kind.inputs.items())))


@cache
def _form_schema(
    run: Callable[..., Answer], params: type[Params], inputs: tuple[tuple[str, Any], ...]
) -> dict[str, Any]:
    parameters = signature(run).parameters
    fields: dict[str, Any] = {}
    for name, hint in inputs:
        default = parameters[name].default
        fields[name] = (hint, ... if default is Parameter.empty else default)
    model: type[Params] = create_model(params.__name__, __base__=params, **fields)
    whole = model.model_json_schema()
    properties = whole.get("properties", {})
    reads = {name: {**properties[name], "x-port": True} for name, _ in inputs}
    whole["properties"] = {
        **reads,
        **{key: properties[key] for key in properties if key not in reads},
    }
    whole.pop("title", None)  # the name of a class; the kind has titles of its own
    whole.pop("description", None)
    return whole
