"""Imports a contact file: streamed, a thousand rows a transaction, every row accounted for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from domain.contact_rows import (
    Accepted,
    Blank,
    ColumnMapping,
    Merged,
    NoPhoneColumn,
    Rejected,
    RowResult,
    plan_rows,
)
from domain.phone import Phone, PhoneKind
from services.contacts import repository
from services.contacts.files import FileProblem, open_rows
from services.contacts.models import Import
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.errors import Invalid, ProductError

T = TypeVar("T")

CHUNK_ROWS = 1_000
NAME_CHARS, TAG_CHARS, FIELD_CHARS, RAW_CHARS = 100, 50, 1_000, 2_000
TRIES = 3
"""How often a chunk is begun anew when somebody else saves the same person meanwhile."""


class NoPhones(Invalid):
    """A file in which no column holds phone numbers."""

    code = "no_phone_column"


@dataclass(slots=True)
class Person:
    """A person of a chunk: what its rows say together."""

    key: str
    is_lid: bool
    name: str
    tags: dict[str, None]
    fields: dict[str, str]
    accepted: bool
    """False: only rows that repeat a person of an earlier chunk; they fill gaps."""


@dataclass(slots=True)
class Counts:
    """What became of the rows; `totals()` is what the import's row stores."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    blank: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def totals(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "merged": self.merged,
            "blank": self.blank,
            "rejected": self.rejected.total(),
            "rejected_by_reason": dict(sorted(self.rejected.items())),
            "warnings": dict(sorted(self.warnings.items())),
        }


def import_file(
    database: Database,
    clock: Clock,
    tenant_id: int,
    path: Path,
    filename: str,
    source: str | None = None,
    mapping: ColumnMapping | None = None,
) -> Import:
    """Take the contacts of a CSV or Excel file; a person who is known already is updated.

    `filename` is what the user called the file, `source` is stored with new contacts, `mapping`
    overrules the guessed columns. Memory does not grow with the file, but for one small entry a
    number. Importing the same file again changes nothing.
    Raises: FileProblem or NoPhones when the file is no use; what was taken before a broken line
    stays, and the import's row says how far it came.
    """
    with open_rows(path, filename) as rows:
        if mapping is None:
            if isinstance(rows.guess, NoPhoneColumn):
                raise NoPhones("This file has no column with phone numbers.", hint=rows.guess.hint)
            mapping = rows.guess.mapping
        with database.session() as session:
            taken = repository.add_import(session, tenant_id, filename[:200], clock.now())
        counts, tag_ids = Counts(), _Tags(tenant_id)
        try:
            for chunk in _chunks(plan_rows(rows, mapping), CHUNK_ROWS):
                _take_with_retry(database, tenant_id, taken.id, chunk, source, clock, tag_ids)
                _count(chunk, counts, tag_ids.last)
        except ProductError as problem:
            _finish(database, tenant_id, taken.id, counts, clock.now(), problem)
            raise
        return _finish(database, tenant_id, taken.id, counts, clock.now(), None)


@dataclass(slots=True)
class _Outcome:
    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class _Tags:
    """Ids of the tags met so far, and what the last chunk did."""

    tenant_id: int
    ids: dict[str, int] = field(default_factory=dict)
    last: _Outcome = field(default_factory=_Outcome)

    def of(self, connection: Connection, names: Iterable[str], now: datetime) -> dict[str, int]:
        missing = [name for name in dict.fromkeys(names) if name not in self.ids]
        if missing:
            self.ids.update(repository.tag_ids(connection, self.tenant_id, missing, now))
        return self.ids


def _take_with_retry(
    database: Database,
    tenant_id: int,
    import_id: int,
    chunk: list[RowResult],
    source: str | None,
    clock: Clock,
    tags: _Tags,
) -> None:
    for attempt in range(TRIES):
        known = dict(tags.ids)
        try:
            with database.write() as connection:
                now = clock.now()
                tags.last = _take(connection, tenant_id, chunk, source, now, tags)
                repository.add_rejections(connection, import_id, _rejections(chunk))
            return
        except IntegrityError:
            tags.ids = known  # tags made in the transaction that failed do not exist
            if attempt == TRIES - 1:
                raise


def _take(
    connection: Connection,
    tenant_id: int,
    chunk: list[RowResult],
    source: str | None,
    now: datetime,
    tags: _Tags,
) -> _Outcome:
    people = _people(chunk)
    if not people:
        return _Outcome()
    known = repository.known_people(
        connection,
        tenant_id,
        [person.key for person in people.values() if not person.is_lid],
        [person.key for person in people.values() if person.is_lid],
    )
    fresh = [person for key, person in people.items() if key not in known]
    outcome = _Outcome(created=sum(person.accepted for person in fresh))
    changed: list[dict[str, Any]] = []
    updated = set()
    for key, row in known.items():
        person = people[key]
        values = _changes(person, row.name, row.fields or {})
        if values is not None:
            changed.append({"row_id": row.id, "now": now, **values})
            updated.add(key)
    repository.update_people(connection, tenant_id, changed)
    ids = repository.add_people(
        connection,
        tenant_id,
        [(person.key, person.is_lid, person.name, person.fields) for person in fresh],
        source,
        now,
    )
    updated |= _tag(connection, people, known, ids, tags, now)
    for key in known:
        if people[key].accepted:
            outcome.updated += key in updated
            outcome.unchanged += key not in updated
    return outcome


def _tag(
    connection: Connection,
    people: dict[str, Person],
    known: dict[str, Any],
    ids: dict[str, int],
    tags: _Tags,
    now: datetime,
) -> set[str]:
    """Give people their tags; returns which known people got one they did not have."""
    tagged = {key: person for key, person in people.items() if person.tags}
    if not tagged:
        return set()
    tag_ids = tags.of(connection, (tag for p in tagged.values() for tag in p.tags), now)
    has = repository.links_of(connection, [known[key].id for key in tagged if key in known])
    fresh: dict[tuple[int, int], None] = {}
    updated = set()
    for key, person in tagged.items():
        contact_id = known[key].id if key in known else ids[key]
        for tag in person.tags:
            link = (contact_id, tag_ids[tag])
            if link not in has:
                fresh[link] = None
                if key in known:
                    updated.add(key)
    repository.add_links(connection, list(fresh))
    return updated


def _people(chunk: Iterable[RowResult]) -> dict[str, Person]:
    """The people of a chunk, each once; rows that repeat a person add to the first one."""
    people: dict[str, Person] = {}
    for result in chunk:
        if not isinstance(result, Accepted | Merged):
            continue
        key, is_lid = person_key(result.phone)
        person = people.get(key)
        name, tags = result.name[:NAME_CHARS], [tag[:TAG_CHARS] for tag in result.tags]
        fields = {name: value[:FIELD_CHARS] for name, value in result.fields.items() if value}
        if person is None:
            accepted = isinstance(result, Accepted)
            people[key] = Person(key, is_lid, name, dict.fromkeys(tags), fields, accepted)
            continue
        person.name = person.name or name
        person.tags.update(dict.fromkeys(tags))
        person.fields = fields | person.fields
    return people


def person_key(phone: Phone) -> tuple[str, bool]:
    """What a person is found by, and whether that is a LID."""
    if phone.kind is PhoneKind.LID:
        return f"{phone.digits}@lid", True
    return phone.digits, False


def _changes(person: Person, name: str | None, fields: dict[str, Any]) -> dict[str, Any] | None:
    """What a row of the file changes about a known person; None for nothing.

    A filled cell replaces what was known; an empty one, or a repeated row, only fills gaps.
    """
    if person.accepted:
        new_name, new_fields = person.name or name, fields | person.fields
    else:
        new_name, new_fields = name or person.name, person.fields | fields
    if (new_name or None) == name and new_fields == fields:
        return None
    return {"new_name": new_name or None, "new_fields": new_fields}


def _rejections(chunk: Iterable[RowResult]) -> list[tuple[int, str, str]]:
    return [
        (result.row_number, result.reason.value, " | ".join(result.raw)[:RAW_CHARS])
        for result in chunk
        if isinstance(result, Rejected)
    ]


def _count(chunk: Iterable[RowResult], counts: Counts, outcome: _Outcome) -> None:
    counts.created += outcome.created
    counts.updated += outcome.updated
    counts.unchanged += outcome.unchanged
    for result in chunk:
        counts.rows += 1
        match result:
            case Accepted():
                counts.warnings.update(result.warnings)
            case Merged():
                counts.merged += 1
            case Rejected():
                counts.rejected[result.reason.value] += 1
            case Blank():
                counts.blank += 1


def _finish(
    database: Database,
    tenant_id: int,
    import_id: int,
    counts: Counts,
    now: datetime,
    problem: ProductError | None,
) -> Import:
    error = None
    if problem is not None:
        where = f" ({counts.rows} rows were taken)" if isinstance(problem, FileProblem) else ""
        error = f"{problem.message}{where} {problem.hint}".strip()[:500]
    with database.session() as session:
        return repository.finish_import(
            session, tenant_id, import_id, counts.rows, counts.totals(), error, now
        )


def _chunks(results: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(results, size)):
        yield chunk
