"""The shop's flow is the shipped one; only a show leaves its quiet hours out."""

import inspect

from flows.check import check
from nodes.catalogue import kinds
from runtime.demo import shop


def test_the_seeded_flow_is_the_shipped_one_to_the_letter() -> None:
    assert shop._flow(quiet_hours=True) == shop.TEMPLATE.read_text(encoding="utf-8")
    assert inspect.signature(shop.make).parameters["quiet_hours"].default is True


def test_the_flow_of_a_show_lacks_its_quiet_hours_and_nothing_else() -> None:
    shown = check(shop._flow(quiet_hours=False), kinds()).document
    shipped = check(shop._flow(quiet_hours=True), kinds()).document

    assert shown is not None
    assert shipped is not None
    assert shipped.limits.quiet_hours is not None
    assert shown.limits.quiet_hours is None
    assert shown.nodes == shipped.nodes
    assert shown.limits.run == shipped.limits.run
