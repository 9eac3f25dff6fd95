"""The doors to message text: read it, or list everything that is wrong with it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from domain.text.clock_words import SYSTEM_FIELDS
from domain.text.fields import ALIASES, field_name
from domain.text.parser import Finding, Outcome, Place, read
from domain.text.problems import Kind, Problem, Severity, TextError
from domain.text.rendered import Text

CACHED_TEXTS = 128
CACHED_SOURCE_MAX = 8 * 1024
FIELDS_IN_HINT_MAX = 5


def parse(source: str, known_fields: Iterable[str] | None = None) -> Text:
    """Read a message text (flow document `x-lang: text`).

    The rules, in short: `{a|b}` is a choice, nested up to 32 deep; `{3:a|b}` weighs the first
    three times (1-99; an option that begins with a time of day, `09:00`, has no weight);
    `[field]` and `[field|default]` are values; `\\{ \\| \\} \\[ \\] \\\\` are plain signs; a bar
    outside a choice is text.

    Raises: TextError for the first error, in the order of the text. `known_fields` makes any
    other field an error; the time-aware fields are always known.
    """
    if known_fields is None and len(source) <= CACHED_SOURCE_MAX:
        return _parse_cached(source)
    return _parse(source, known_fields)


def check(source: str, known_fields: Iterable[str] | None = None) -> list[Problem]:
    """Every error and warning of a message text, in the order of the text. Never raises."""
    _, findings = _read(source, known_fields)
    return _problems(source, findings)


@lru_cache(maxsize=CACHED_TEXTS)
def _parse_cached(source: str) -> Text:
    return _parse(source, None)


def _parse(source: str, known_fields: Iterable[str] | None) -> Text:
    outcome, findings = _read(source, known_fields)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        first = _problems(source, errors[:1])[0]
        raise TextError(first.line, first.column, first.kind, first.message, first.hint)
    return Text.of(source, outcome.parts)


def _read(source: str, known_fields: Iterable[str] | None) -> tuple[Outcome, list[Finding]]:
    outcome = read(source)
    findings = outcome.findings
    if known_fields is not None:
        known = {field_name(name) for name in known_fields} | SYSTEM_FIELDS
        unknown = [place for place in outcome.places if place.name not in known]
        findings = findings + [_unknown_field(source, place, known) for place in unknown]
        findings.sort(key=lambda finding: (finding.start, finding.severity))
    return outcome, findings


def _unknown_field(source: str, place: Place, known: set[str]) -> Finding:
    written = source[place.start : place.end]
    spoken = known | {alias for alias, name in ALIASES.items() if name in known}
    near = get_close_matches(place.name, sorted(spoken), n=1, cutoff=0.6)
    if near:
        hint = f"Did you mean [{near[0]}]?"
    else:
        listed = sorted(known - SYSTEM_FIELDS)[:FIELDS_IN_HINT_MAX]
        hint = f"Known fields: {', '.join(f'[{name}]' for name in listed)}." if listed else ""
    hint = rf"{hint} For plain text write \{_short(written)}.".strip()
    message = f"There is no field {_short(written)}."
    return Finding(Severity.ERROR, Kind.UNKNOWN_FIELD, place.start, place.end, message, hint)


def _problems(source: str, findings: list[Finding]) -> list[Problem]:
    if not findings:
        return []
    line_starts = [0]
    line_starts.extend(index + 1 for index, sign in enumerate(source) if sign == "\n")
    problems = []
    for found in findings:
        line = bisect_right(line_starts, found.start)
        line_start = line_starts[line - 1]
        line_end = line_starts[line] - 1 if line < len(line_starts) else len(source)
        end = max(min(found.end, line_end), found.start + 1)
        problems.append(
            Problem(
                found.severity,
                found.kind,
                line,
                found.start - line_start + 1,
                end - line_start + 1,
                found.message,
                found.hint,
            )
        )
    return problems


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
