"""Whose turn it is: one rotation for each step of a flow, whichever run or worker asks."""

from nodes.checks import from_scope
from nodes.contract import Context


def turn(ctx: Context, kind: str) -> int:
    """The next number of this step's rotation: 0, 1, 2 ...

    Steps of different flows have rotations of their own; where the flow is not told, those of
    different campaigns have.
    """
    run = from_scope(ctx.scope, "run", "flow") or from_scope(ctx.scope, "run", "campaign_id") or ""
    return ctx.ports.turn(f"{kind}:{run}:{ctx.node_id}")
