"""What a trigger hands on of the event that started the run."""

from collections.abc import Iterable
from typing import Any

from nodes.checks import from_scope, mapping
from nodes.contract import Context


def given(ctx: Context, names: Iterable[str]) -> dict[str, Any]:
    """These values of the event, None for those it does not have.

    Raises: NodeError (bad_config) when the event is no object.
    """
    event = from_scope(ctx.scope, "trigger")
    found = mapping({} if event is None else event, "trigger")
    return {name: found.get(name) for name in names}
