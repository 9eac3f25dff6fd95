"""Level tenant: devices, tags, features, flows and credentials that this tenant really has."""

from collections.abc import Collection, Iterator
from typing import Any

from flows.check.forms import fields
from flows.check.outline import Outline
from flows.check.report import Notebook, Tenant
from flows.problems import Pointer, did_you_mean

PACKAGE_GROUPS = frozenset({"ai", "web"})
"""Groups of nodes that a package may leave out."""


def check_tenant(whole: Outline, notebook: Notebook, tenant: Tenant) -> None:
    devices, tags, features = tenant.devices(), tenant.tags(), tenant.features()
    for step in whole.steps():
        group = step.kind.group if step.kind is not None else ""
        if group in PACKAGE_GROUPS and group not in features:
            notebook.error(
                "not_in_package",
                (*step.path, "type"),
                f"'{step.type}' is not part of your package.",
                "Choose another package on the billing page, or remove the node.",
            )
        for field in fields(step):
            widget = field.schema.get("x-widget")
            if widget == "device-picker":
                _check_names("device", field.path, field.value, devices, notebook)
            elif widget == "tags":
                _check_names("tag", field.path, field.value, tags, notebook)
        called = step.with_.get("flow")
        if step.kind is not None and step.kind.kind == "call-flow" and isinstance(called, str):
            _check_names("flow", (*step.path, "with", "flow"), called, tenant.flows(), notebook)
    bound = tenant.secrets()
    for slot in whole.part("secrets"):
        if slot not in bound:
            notebook.error(
                "unbound_secret",
                ("secrets", slot),
                f"The secret '{slot}' has no credential yet.",
                "Choose one on the flow's settings page.",
                on_key=True,
            )


def _check_names(
    what: str, path: Pointer, value: Any, known: Collection[str], notebook: Notebook
) -> None:
    for at, name in _names(value, path):
        if name in known:
            continue
        hint = did_you_mean(name, sorted(known), several=f"Your {what}s")
        if what == "tag":  # a tag may be made by the first contact that gets it
            notebook.warning("unknown_tag", at, f"Nobody has the tag '{name}' yet.", hint)
        else:
            notebook.error(f"unknown_{what}", at, f"You have no {what} '{name}'.", hint)


def _names(value: Any, path: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            if isinstance(item, str):
                yield (*path, at), item
