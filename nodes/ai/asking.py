"""What the nodes that ask an AI engine have in common."""

from collections.abc import Mapping
from typing import Any, Literal

from nodes.checks import kind_of, wanted
from nodes.contract import AiTask, Context, NodeError, Values

TIMEOUT_S = 60.0
ASKED_CHARS_MOST = 16_384

Outcome = Literal["ok", "ask_back", "no_context", "quota"]


def asked(value: Any, name: str) -> str:
    """What is asked, cut to what an engine takes. Raises: NodeError when there is nothing."""
    return wanted(value, name).strip()[:ASKED_CHARS_MOST]


def told(ctx: Context, task: AiTask, request: Values) -> Mapping[str, Any]:
    """What the engine says. Raises: NodeError; `not_configured` while the shop has no engine."""
    found = ctx.ports.ai(task, request, TIMEOUT_S)
    if not isinstance(found, Mapping):
        raise NodeError(
            f"The AI engine answered {kind_of(found)}.", kind="upstream", code="bad_answer"
        )
    return found
