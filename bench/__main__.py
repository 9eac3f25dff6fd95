"""Every benchmark in a row: one table on the screen, and `docs/bench/latest.json`."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULT = Path("docs/bench/latest.json")
TIMEOUT_S = 1800
PARTS: dict[str, list[str]] = {
    "limits": ["-m", "bench.limits"],
    "engine": ["-m", "bench.engine"],
    "text": ["-m", "bench.text"],
    "startup": ["-m", "bench.startup"],
    "import": ["-m", "bench.import_csv"],
    "keyword rules": ["-m", "bench.rules"],
    "webhooks": ["-m", "bench.webhooks"],
    "images waiting": ["-m", "bench.ocr_queue"],
    "replies": ["-m", "bench.replies"],
    "replies to strangers": ["-m", "bench.replies", "--strangers", "--in-flight", "10"],
    "replies, all killed": ["-m", "bench.replies", "--kill", "--in-flight", "20", "--runs", "1"],
    "broadcast, bare mock, SQLite": ["-m", "bench.broadcast"],
    "broadcast, sandbox, SQLite": ["-m", "bench.broadcast", "--engine", "sandbox"],
    "links": ["-m", "bench.links"],
    "broadcast, bare mock, MariaDB": ["-m", "bench.broadcast", "--database", "mariadb"],
}
LONG: dict[str, list[str]] = {
    "memory, 1,000": ["-m", "bench.broadcast", "--contacts", "1000", "--runs", "1"],
    "memory, 100,000": ["-m", "bench.broadcast", "--contacts", "100000", "--runs", "1"],
}


def run(arguments: list[str]) -> dict[str, Any]:
    """One benchmark in a process of its own; its JSON, or why there is none."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(found: dict[str, dict[str, Any]]) -> None:
    table = Table("benchmark", "figure", "median", "lowest", "highest", "load")
    for name, result in found.items():
        load = str(result.get("load_average", result.get("load", [""]))[0])
        for figure, value in result.items():
            if isinstance(value, dict) and "median" in value:
                cells = [str(value[word]) for word in ("median", "lowest", "highest")]
                table.add_row(name, figure, *cells, load)
            elif figure == "failed":
                table.add_row(name, "failed", str(value), "", "", load)
    Console().print(table)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--long", action="store_true", help="memory at 100,000 recipients too")
    options.add_argument("--json", action="store_true", help="the result as JSON, no table")
    options.add_argument("--only", choices=[*PARTS, *LONG], action="append")
    given = options.parse_args()
    parts = {**PARTS, **(LONG if given.long else {})}
    if given.only:
        parts = {name: {**PARTS, **LONG}[name] for name in given.only}
    found = {name: run(arguments) for name, arguments in parts.items()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    return int(any("failed" in result for result in found.values()))


if __name__ == "__main__":
    sys.exit(main())
