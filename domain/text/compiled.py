"""The tree as nested functions, so that a message costs microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate

from domain.text.fields import field_name
from domain.text.tree import Choice, Field, Part, Words

Draw = Callable[[], float]
Values = Mapping[str, object]
Run = Callable[[Draw, Values, list[str], list[int], list[str]], None]
"""Takes the chance, the values, and three lists to add to: texts, path, missing fields."""


def compile_parts(parts: tuple[Part, ...]) -> Run:
    """One function for a sequence of parts. Each choice that is reached draws exactly once."""
    steps = tuple(_step(part) for part in parts)
    if len(steps) == 1 and not isinstance(only := steps[0], str):
        return only

    def run(
        draw: Draw, values: Values, out: list[str], path: list[int], missing: list[str]
    ) -> None:
        for step in steps:
            if step.__class__ is str:
                out.append(step)
            else:
                step(draw, values, out, path, missing)  # type: ignore[operator]

    return run


def _step(part: Part) -> str | Run:
    match part:
        case Words(text):
            return text
        case Field(name, default):
            return _field(name, default)
        case _:
            return _choice(part)


def _branch(parts: tuple[Part, ...]) -> str | Run:
    if not parts:
        return ""
    if len(parts) == 1:
        return _step(parts[0])
    return compile_parts(parts)


def _choice(choice: Choice) -> Run:
    branches = tuple(_branch(option.parts) for option in choice.options)
    count = len(branches)
    weights = [option.weight for option in choice.options]
    if any(weight != weights[0] for weight in weights):
        return _weighted(branches, weights)
    if all(isinstance(branch, str) for branch in branches):
        return _plain_choice(tuple(str(branch) for branch in branches))

    def run(
        draw: Draw, values: Values, out: list[str], path: list[int], missing: list[str]
    ) -> None:
        index = int(draw() * count)
        path.append(index)
        branch = branches[index]
        if branch.__class__ is str:
            out.append(branch)
        else:
            branch(draw, values, out, path, missing)  # type: ignore[operator]

    return run


def _plain_choice(texts: tuple[str, ...]) -> Run:
    count = len(texts)

    def run(
        draw: Draw, values: Values, out: list[str], path: list[int], missing: list[str]
    ) -> None:
        index = int(draw() * count)
        path.append(index)
        out.append(texts[index])

    return run


def _weighted(branches: tuple[str | Run, ...], weights: list[int]) -> Run:
    bounds = list(accumulate(weights))
    total = bounds[-1]

    def run(
        draw: Draw, values: Values, out: list[str], path: list[int], missing: list[str]
    ) -> None:
        index = bisect_right(bounds, int(draw() * total))
        path.append(index)
        branch = branches[index]
        if branch.__class__ is str:
            out.append(branch)
        else:
            branch(draw, values, out, path, missing)  # type: ignore[operator]

    return run


def _field(name: str, default: str | None) -> Run:
    def run(
        draw: Draw, values: Values, out: list[str], path: list[int], missing: list[str]
    ) -> None:
        value = values.get(name)
        text = value if value.__class__ is str else _find(values, name)
        if text and not text.isspace():
            out.append(text)
        elif default is not None:
            out.append(default)
        else:
            missing.append(name)

    return run


def _find(values: Values, name: str) -> str:
    """The value of a field that is no text, or stands under another spelling of its name."""
    value = values.get(name)
    if value is None:
        for key in values:
            if key != name and field_name(key) == name and values[key] is not None:
                value = values[key]
                break
    return "" if value is None else str(value)
