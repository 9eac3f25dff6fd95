"""`alir doctor`: what is missing or misconfigured, in plain words, and how to mend it."""

import json
import sys
from collections.abc import Iterable, Iterator

from runtime.cli import check_machine, check_media, check_servers
from runtime.cli.findings import Finding, Level
from runtime.cli.up_state import Running, running
from services.kit.config import Settings

SANDBOX_PORT = 3000
SIGNS = {
    Level.OK: ("ok", "green"),
    Level.WARNING: ("warning", "yellow"),
    Level.PROBLEM: ("problem", "bold red"),
}


def run(as_json: bool = False) -> int:
    """Look at everything and print a line for each; 1 when there is a problem, else 0."""
    settings = Settings()
    found = list(look(settings))
    if as_json:
        document = {
            "ok": not _problems(found),
            "problems": len(_problems(found)),
            "warnings": sum(one.level is Level.WARNING for one in found),
            "findings": [one.as_json() for one in found],
        }
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        _show(found)
    return 1 if _problems(found) else 0


def look(settings: Settings) -> Iterator[Finding]:
    """Everything the doctor looks at, cheapest first."""
    yield check_machine.python()
    yield check_machine.disk(settings)
    yield check_machine.folder(settings)
    yield check_media.folder(settings)
    yield check_machine.clock(settings)
    yield check_machine.embedded(settings)
    here = running(settings.var) or Running(0)
    yield check_machine.port(_port(here.api_url, settings.port), "the API", here.api_url, "--port")
    if check_servers.uses_sandbox(settings):
        number = _port(here.sandbox_url, SANDBOX_PORT)
        yield check_machine.port(number, "the simulator", here.sandbox_url, "--sandbox-port")
    yield from check_servers.database(settings)
    yield check_servers.redis(settings)
    yield check_servers.waha(settings)
    yield from check_servers.numbers(settings)
    yield check_media.reader(settings)
    yield from check_media.shared_folder(settings)


def _port(url: str, usual: int) -> int:
    return int(url.rpartition(":")[2]) if url else usual


def _problems(found: Iterable[Finding]) -> list[Finding]:
    return [one for one in found if one.level is Level.PROBLEM]


def _show(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    width = max(len(one.what) for one in found)
    for one in found:
        sign, style = SIGNS[one.level]
        line = Text.assemble((f"{sign:<8}", style), f"{one.what:<{width}}  {one.said}")
        console.print(line)
        if one.mend:
            console.print(Text(f"{'':<8}{'':<{width}}  -> {one.mend}", style="italic"))
    problems = len(_problems(found))
    warnings = sum(one.level is Level.WARNING for one in found)
    if problems:
        console.print(f"\n{problems} problem(s), {warnings} warning(s).")
    elif warnings:
        console.print(f"\nNothing is broken; {warnings} warning(s).")
    else:
        console.print("\nAll is well.")
