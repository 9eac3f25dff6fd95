"""Writes docs/nodes.md from the catalogue of nodes; `--check` only compares them."""

import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "nodes.md"

HEAD = """# Nodes

Made from the catalogue by `make docs`; the API serves the same at `/api/nodes`.

Every field stands below `with:` of a node ([format](flow-format.md)). A field marked *reads* mostly
takes a reference such as `{$: trigger.text}`. Outputs are read as `{$: steps.<node>.<output>}`.
Every node that can fail also has the way out `error`.

What a node does to the world:

- **pure**: nothing; it only computes
- **read**: looks something up
- **idempotent**: doing it twice is the same as once, so it is retried
- **at_most_once**: never repeated blindly; what may have happened is settled by evidence
"""


def page() -> str:
    sys.path.insert(0, str(ROOT))
    from nodes.describe import describe_all

    kinds = describe_all()
    parts = [HEAD]
    for group, members in groupby(kinds, key=lambda one: one["group"]):
        parts.append(f"\n## {group.title()}\n")
        for one in members:
            parts.append(_kind(one))
    return "".join(parts)


def _kind(one: Mapping[str, Any]) -> str:
    version = f"@{one['version']}" if one["version"] > 1 else ""
    ports = ", ".join(f"`{port}`" for port in one["ports"]) or "none"
    if one["ports_from_form"]:
        ports = "named in its form" + (f", {ports}" if one["ports"] else "")
    lines = [
        f"\n### {one['kind']}{version}\n",
        f"\n{one['doc']['en'].strip()}\n",
        f"\nWays out: {ports}. Effect: {one['effect']}.\n",
    ]
    if one["outputs"]:
        told = ", ".join(f"`{name}` ({kind})" for name, kind in one["outputs"].items())
        lines.append(f"\nOutputs: {told}.\n")
    rows = list(_fields(one["form"]))
    if rows:
        lines.append("\n| field | what | default |\n|---|---|---|\n")
        lines += rows
    return "".join(lines)


def _fields(form: Mapping[str, Any]) -> Iterator[str]:
    required = set(form.get("required", ()))
    for name, field in form.get("properties", {}).items():
        words = [str(field.get("title", name))]
        if field.get("description"):
            words.append(str(field["description"]))
        marks = [mark for mark, shown in _marks(field) if shown]
        told = _cell(": ".join(words)) + (f" *({', '.join(marks)})*" if marks else "")
        default = "needed" if name in required else _default(field)
        yield f"| `{name}` | {told} | {default} |\n"


def _marks(field: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    yield "reads", bool(field.get("x-port"))
    yield f"language: {field.get('x-lang')}", "x-lang" in field
    choices = field.get("enum") or []
    yield "one of " + ", ".join(map(str, choices)), bool(choices)


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None or value == "" or value in ([], {}):
        return ""
    return f"`{_cell(str(value).lower() if isinstance(value, bool) else str(value))}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    wanted = page()
    if sys.argv[1:] == ["--check"]:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
