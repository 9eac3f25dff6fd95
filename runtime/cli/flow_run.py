"""`alir flow test` and `alir flow run`: try a flow document without sending anything."""

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.contact_rows import Accepted, NoPhoneColumn, Rejected, plan_rows
from domain.zones import WIB, zone_of
from flows.check import Report, check
from flows.document import Document
from flows.engine.plan import PlanError
from flows.problems import Problem
from flows.simulate import CaseResult, Simulation, run_cases, simulate
from flows.simulate.run import DEFAULT_NOW, DEFAULT_SEED
from nodes import catalogue
from runtime.cli import flow_file
from runtime.cli.flow_notes import AskedWorld, unknown_fields
from services.contacts.files import FileProblem, open_rows

OK, PROBLEMS, USAGE = 0, 1, 2

CONTACTS_MAX = 100_000
ROWS_SHOWN = 200


class WrongUse(ValueError):
    """The command was called in a way that makes no sense; the message says how to call it."""


def flow_test(file: Path, *, as_json: bool = False, out: TextIO | None = None) -> int:
    """Run the test cases of a document. Exit code: 0 all hold, 1 problems, 2 wrong use."""
    out = out or sys.stdout
    try:
        report = _checked(file)
    except WrongUse as error:
        return _wrong_use(error, as_json, out)
    if report.document is None or not report.ok:
        return _problems(report, file, as_json, out)
    results = run_cases(report.document)
    failed = [result for result in results if not result.passed]
    if as_json:
        _write_json(
            {
                "ok": not failed,
                "passed": len(results) - len(failed),
                "failed": len(failed),
                "cases": [result.as_json() for result in results],
                "problems": [found.as_json() for found in report.problems],
            },
            out,
        )
    else:
        _show_cases(results, file, out)
    return PROBLEMS if failed else OK


def flow_run(
    file: Path,
    *,
    contacts: Path | None = None,
    event: str | None = None,
    params: str | None = None,
    trigger: str | None = None,
    seed: str = DEFAULT_SEED,
    now: str | None = None,
    as_json: bool = False,
    out: TextIO | None = None,
) -> int:
    """Show what a flow would send, when, and from which device.

    `contacts` is a contact file (CSV, TXT, XLSX); people without tags in it are all meant by any
    choice by tag. `event` and `params` are JSON objects, or `@file` with one. Same seed, same
    result. Exit code: 0 it ran, 1 problems (also: the flow failed), 2 wrong use.
    """
    out = out or sys.stdout
    try:
        report = _checked(file)
        if report.document is not None and contacts is None and event is None:
            _nothing_given(report.document)
        given_event = _json_object(event, "--event")
        given_params = _json_object(params, "--params")
        moment = _moment(now)
        people, rejected = _people(contacts)
    except WrongUse as error:
        return _wrong_use(error, as_json, out)
    if report.document is None or not report.ok:
        return _problems(report, file, as_json, out)
    warnings = unknown_fields(report.document, given_params, people)
    if not as_json:
        for line in warnings:
            _console(out).print(f"[yellow]{escape(line)}[/]")
    world = AskedWorld(contacts=people)
    try:
        found = simulate(
            report.document,
            trigger=trigger,
            event=given_event,
            inputs=given_event,
            params=given_params,
            world=world,
            seed=seed,
            now=moment,
        )
    except PlanError as error:
        problems = [
            Problem("error", known.code, known.node, known.path, known.message, known.hint)
            for known in error.problems
        ]
        return _problems(Report(tuple(problems), None), file, as_json, out)
    except ValueError as error:
        return _wrong_use(WrongUse(str(error)), as_json, out)
    if as_json:
        more = {"warnings": warnings, "nobody": world.nobody()}
        _write_json({**found.as_json(), "seed": seed, "rejected": rejected, **more}, out)
    else:
        _show_run(found, rejected, seed, out)
        for line in world.nobody():
            _console(out).print(f"[yellow]{escape(line)}[/]")
    return PROBLEMS if found.status in ("failed", "cut") else OK


# --------------------------------------------------------------------------- reading


def _checked(file: Path) -> Report:
    try:
        return check(flow_file.read(file), catalogue.kinds())
    except flow_file.Unreadable as error:
        raise WrongUse(str(error)) from error


def _nothing_given(document: Document) -> None:
    if document.kind == "broadcast":
        raise WrongUse("a broadcast needs people: give --contacts FILE")
    if document.kind != "schedule":
        raise WrongUse("""this flow needs an event: give --event '{"text": "halo"}'""")


def _json_object(written: str | None, option: str) -> dict[str, Any]:
    if written is None:
        return {}
    try:
        if written.startswith("@"):
            written = Path(written[1:]).read_text(encoding="utf-8")
        found = orjson.loads(written)
    except OSError as error:
        raise WrongUse(f"{option}: {error.strerror or error}") from error
    except (orjson.JSONDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{option} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise WrongUse(f"{option} must be a JSON object")
    return found


def _moment(written: str | None) -> datetime:
    if written is None:
        return DEFAULT_NOW
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise WrongUse("--now is written like 2026-03-02T09:00:00+07:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=zone_of(WIB))).astimezone(UTC)


def _people(file: Path | None) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The contacts of a file, and how many rows were refused, by reason."""
    people: list[dict[str, Any]] = []
    rejected: dict[str, int] = {}
    if file is None:
        return people, rejected
    try:
        with open_rows(file, file.name) as rows:
            if isinstance(rows.guess, NoPhoneColumn):
                raise WrongUse(f"{file}: no column holds phone numbers. {rows.guess.hint}")
            for result in plan_rows(rows, rows.guess.mapping):
                if isinstance(result, Rejected):
                    rejected[result.reason.value] = rejected.get(result.reason.value, 0) + 1
                elif isinstance(result, Accepted):
                    people.append(_person(result, len(people) + 1))
                if len(people) > CONTACTS_MAX:
                    raise WrongUse(f"{file} has more than {CONTACTS_MAX} people")
    except OSError as error:
        raise WrongUse(f"{file}: cannot be read ({error.strerror or error}).") from error
    except FileProblem as error:
        raise WrongUse(f"{file}: {error.message} {error.hint}".strip()) from error
    return people, rejected


def _person(row: Accepted, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "phone": row.phone.digits,
        "name": row.name,
        "tags": list(row.tags),
        "fields": dict(row.fields),
        **{key: value for key, value in row.fields.items() if key not in _OWN_FIELDS},
    }


_OWN_FIELDS = frozenset({"id", "phone", "name", "tags", "fields", "active"})


# --------------------------------------------------------------------------- writing


def _write_json(value: Mapping[str, Any], out: TextIO) -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    out.write(orjson.dumps(value, default=str, option=options).decode() + "\n")


def _wrong_use(error: WrongUse, as_json: bool, out: TextIO) -> int:
    if as_json:
        _write_json({"ok": False, "error": str(error)}, out)
    else:
        _console(out).print(f"[red]{escape(str(error))}[/]")
    return USAGE


def _problems(report: Report, file: Path, as_json: bool, out: TextIO) -> int:
    if as_json:
        _write_json({"file": str(file), **report.as_json()}, out)
        return PROBLEMS
    console = _console(out)
    for found in report.problems:
        colour = "red" if found.severity == "error" else "yellow"
        console.print(f"[{colour}]{escape(flow_file.told(file, found))}[/]")
    return PROBLEMS


def _show_cases(results: Iterable[CaseResult], file: Path, out: TextIO) -> None:
    console = _console(out)
    shown = list(results)
    for result in shown:
        mark = "[green]ok[/]  " if result.passed else "[red]FAIL[/]"
        console.print(f"{mark} {escape(result.name)}")
        for failure in result.failures:
            console.print(f"       {escape(failure)}")
    failed = sum(not result.passed for result in shown)
    if not shown:
        console.print(f"{escape(str(file))} has no tests.")
    else:
        console.print(f"{len(shown) - failed} of {len(shown)} hold.")


def _show_run(found: Simulation, rejected: Mapping[str, int], seed: str, out: TextIO) -> None:
    console = _console(out)
    table = Table("When", "Device", "To", "Text", title=f"{len(found.sends)} messages")
    for send in found.sends[:ROWS_SHOWN]:
        text = send.text if send.media is None else f"[{send.media}] {send.text}"
        table.add_row(_when(send.at), escape(send.device), send.to, escape(text))
    console.print(table)
    if len(found.sends) > ROWS_SHOWN:
        console.print(f"... and {len(found.sends) - ROWS_SHOWN} more; --json shows all.")
    for reply in found.replies:
        console.print(f"HTTP {reply['status']} {escape(str(dict(reply['headers'])))}")
    for node, counts in found.counts.items():
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        console.print(f"{node}: {told}")
    skipped: dict[str, int] = {}
    for element in found.elements:
        if element["reason"]:
            skipped[element["reason"]] = skipped.get(element["reason"], 0) + 1
    for reason, count in sorted(skipped.items()):
        console.print(f"  {count} {escape(reason)}")
    if rejected:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(rejected.items()))
        console.print(f"Rows not used: {told}")
    why = f" ({found.reason})" if found.reason else ""
    console.print(f"Ended as {found.status}{escape(why)} at {_when(found.ended_at)}.")
    if found.error:
        console.print(f"[red]{escape(str(found.error.get('message', '')))}[/]")
    if found.not_run:
        console.print(f"Not run: {', '.join(found.not_run)}")
    console.print(f"Seed: {escape(seed)}. Nothing was sent.")


def _when(at: datetime) -> str:
    return f"{at.astimezone(zone_of(WIB)):%Y-%m-%d %H:%M:%S} WIB"


def _console(out: TextIO) -> Console:
    width = None if out.isatty() else 120
    return Console(file=out, width=width, highlight=False, soft_wrap=True)
