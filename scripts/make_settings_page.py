"""Writes docs/settings.md from the settings and .env.example; `--check` only compares them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / ".env.example"
PAGE = ROOT / "docs" / "settings.md"

HEAD = """# Settings

Made from `services/kit/config.py` and `.env.example` by `make docs`.

Nothing has to be set: the defaults run on one machine. A setting is an environment variable, or a
line of a file `.env` where Alir is started (copy `.env.example`). The environment wins.
Settings are read once, when a process starts. `alir doctor` says what does not fit.
"""
OURS = {
    "ALIR_WAHA_URL": "Address of the WhatsApp server. Set: `alir up` starts no simulator.",
    "ALIR_WAHA_API_KEY": "The key of that server; there it is called WAHA_API_KEY.",
}
"""Where one comment stands above several settings."""
SECTION = re.compile(r"# --- (.+)")
LINE = re.compile(r"#?(ALIR_\w+)=(.*)")


def page() -> str:
    sys.path.insert(0, str(ROOT))
    from services.kit.config import Settings

    fields: dict[str, Any] = {
        f"ALIR_{name.upper()}": one for name, one in Settings.model_fields.items()
    }
    parts = [HEAD]
    for title, rows in _sections():
        known = [(name, told) for name, told in rows if name in fields]
        if not known:
            continue
        parts.append(f"\n## {title}\n\n| setting | what | default |\n|---|---|---|\n")
        for name, told in known:
            field = fields.pop(name)
            words = OURS.get(name) or told or field.description or ""
            parts.append(f"| `{name}` | {_cell(words)}{_choices(field)} | {_default(field)} |\n")
    if fields:
        raise SystemExit(f".env.example does not explain {', '.join(sorted(fields))}")
    return "".join(parts)


def _sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    title, rows, words = "General", [], []
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        section, setting = SECTION.match(line), LINE.match(line)
        if section:
            yield title, rows
            title, rows, words = section.group(1).partition(".")[0], [], []
        elif setting:
            rows.append((setting.group(1), " ".join(words) or (rows[-1][1] if rows else "")))
            words = []
        elif line.startswith("#"):
            words.append(line.lstrip("# ").rstrip())
        else:
            words = []
    yield title, rows


def _choices(field: Any) -> str:
    if get_origin(field.annotation) is not Literal:
        return ""
    return " *(" + ", ".join(map(str, get_args(field.annotation))) + ")*"


def _default(field: Any) -> str:
    value = field.default
    if value == "":
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


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
