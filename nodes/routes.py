"""/nodes: every kind of node with its form, ports and documentation, for the designer."""

from typing import Any

from nodes.describe import describe_all
from services.kit.http import ANYBODY, Router

router = Router(tags=["nodes"])


@router.get("/nodes", dependencies=[ANYBODY])
def list_nodes() -> list[dict[str, Any]]:
    """The catalogue, in the order of the palette."""
    return describe_all()
