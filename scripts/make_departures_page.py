"""Writes docs/departures.md from migrations/departures.yaml; `--check` only compares them."""

import sys
from itertools import groupby
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "migrations" / "departures.yaml"
PAGE = ROOT / "docs" / "departures.md"

HEAD = """# Where the tables differ from the specification

Made from `migrations/departures.yaml` by `make docs`; a test compares both with the specification's
15 `CREATE TABLE` statements (`tests/architecture/spec_ddl.sql`).

These hold everywhere and are not repeated below:

- `INT` keys are `BIGINT`.
- `TIMESTAMP` is `DATETIME(6)` in UTC, set by the program: `TIMESTAMP` ends in 2038, and one clock
  decides about time, not two.
- `ENUM` is `VARCHAR` with the same words, checked in Python: a new word is then no table rebuild.
- `user_id` in unique keys and indexes is `tenant_id`.
- A column with a default is never NULL, and JSON defaults are set by the program (MySQL 8 refuses
  them as literals).
- Ids, tokens, e-mails, phone numbers and state words compare byte by byte.
"""


def page() -> str:
    rows = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    parts = [HEAD]
    for table, group in groupby(rows, key=lambda row: row["table"]):
        parts.append(f"\n## {table}\n\n| column | difference | why |\n|---|---|---|\n")
        parts += [
            f"| {_code(row['column']) or 'the table'} | {row['what']} | {row['why']} |\n"
            for row in group
        ]
    return "".join(parts)


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def main() -> int:
    wanted = page()
    if sys.argv[1:] == ["--check"]:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
