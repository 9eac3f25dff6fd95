"""Bounded Jinja for the fields that allow it, over what a run may see."""

from collections.abc import Mapping
from typing import Any

from nodes.contract import NodeError


def rendered(source: str, scope: Mapping[str, Any]) -> str:
    """The template filled in. Raises: NodeError (bad_config) that says what is wrong and where."""
    from services.kit.templates import TemplateError, render  # Jinja is slow to import

    try:
        return render(source, scope)
    except TemplateError as problem:
        raise NodeError(
            f"The template has a mistake: {problem}. {problem.hint}".strip(),
            code="bad_template",
            detail={"line": problem.line, "reason": problem.code},
        ) from problem
