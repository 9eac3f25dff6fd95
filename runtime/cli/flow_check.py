"""`alir flow check FILE` and `alir flow fmt FILE`: what is wrong with a flow, and its tidy form."""

import json
import sys
from pathlib import Path

from flows.check import Report, check
from flows.yaml_text import load, tidy
from nodes.catalogue import kinds
from runtime.cli import flow_file

OK, FOUND_PROBLEMS, WRONG_USAGE = 0, 1, 2


def check_file(path: str | Path, as_json: bool = False) -> int:
    """Print every problem of the flow in a file, with line and column.

    Returns 0 when it could be published (warnings allowed), 1 with errors, 2 without a file.
    """
    text = _read(path)
    if text is None:
        return WRONG_USAGE
    report = check(text, kinds())
    if as_json:
        print(json.dumps({"file": str(path), **report.as_json()}, ensure_ascii=False, indent=2))  # noqa: T201
    else:
        print("\n".join(_told(str(path), report)))  # noqa: T201
    return OK if report.ok else FOUND_PROBLEMS


def format_file(path: str | Path, write: bool = False) -> int:
    """Tidy a flow: keys in the fixed order, comments kept. Printed, or written when `write`.

    Returns 0, 1 when the file cannot be read as a flow, 2 without a file.
    """
    text = _read(path)
    if text is None:
        return WRONG_USAGE
    source = load(text)
    if source.document is None or source.problems:
        for found in source.problems:
            print(flow_file.told(path, found), file=sys.stderr)  # noqa: T201
        return FOUND_PROBLEMS
    formatted = tidy(source)
    if not write:
        print(formatted, end="")  # noqa: T201
    elif formatted != text:
        Path(path).write_text(formatted, encoding="utf-8")
    return OK


def _read(path: str | Path) -> str | None:
    try:
        return flow_file.read(path)
    except flow_file.Unreadable as error:
        print(error, file=sys.stderr)  # noqa: T201
    return None


def _told(path: str, report: Report) -> list[str]:
    lines = [flow_file.told(path, found) for found in report.problems]
    errors, warnings = len(report.errors), len(report.warnings)
    if not lines:
        return [f"{path}: no problems."]
    return [*lines, f"{path}: {errors} error(s), {warnings} warning(s)."]
