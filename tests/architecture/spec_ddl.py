"""The specification's tables as data, and where the models differ from them.

Read as equal everywhere: INT and BIGINT; TIMESTAMP and DATETIME(6), set by the program instead of
the server; ENUM and VARCHAR, when the words are declared below; `user_id` and `tenant_id` inside
keys; a column with a default that may also never be NULL. Columns, defaults and tables that only
the models have are no difference: the specification is the least there must be.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import sqlalchemy as sa

from domain.states import CampaignStatus, DeviceLink, LogStatus
from services.auto_replies.words import MatchType, MediaType
from services.blacklist.reasons import Reason
from services.chats.words import Direction, MessageType
from services.kit.db import UtcDateTime
from services.kit.http import Role
from services.rotators.words import RotationType

DDL = Path(__file__).parent / "spec_ddl.sql"

WORDS: Mapping[str, tuple[str, ...]] = {
    "auto_replies.match_type": tuple(MatchType),
    "auto_replies.media_type": tuple(MediaType),
    "blacklist.reason": tuple(Reason),
    "chat_messages.direction": tuple(Direction),
    "chat_messages.message_type": tuple(MessageType),
    "users.role": get_args(Role),
    "devices.status": tuple(DeviceLink),
    "campaigns.status": tuple(CampaignStatus),
    "campaign_logs.status": tuple(LogStatus),
    "link_rotators.rotation_type": tuple(RotationType),
}
"""The words the code knows for a column that is an ENUM in the specification."""

FAMILIES: tuple[tuple[type[Any], str], ...] = (
    (UtcDateTime, "TIMESTAMP"),
    (sa.Boolean, "BOOLEAN"),
    (sa.JSON, "JSON"),
    (sa.Text, "TEXT"),
    (sa.String, "VARCHAR"),
    (sa.Integer, "INT"),
    (sa.Numeric, "DECIMAL"),
    (sa.Date, "DATE"),
)


@dataclass(frozen=True)
class SpecColumn:
    name: str
    family: str
    length: int | None
    words: tuple[str, ...]
    not_null: bool
    default: str | None


@dataclass
class SpecTable:
    name: str
    columns: dict[str, SpecColumn] = field(default_factory=dict)
    uniques: list[tuple[str, ...]] = field(default_factory=list)
    indexes: list[tuple[str, ...]] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Difference:
    """`column` is empty for the table as a whole."""

    table: str
    column: str
    what: str


def parse(ddl: str) -> dict[str, SpecTable]:
    """Every CREATE TABLE of the text. Raises ValueError at a line that it doesn't understand."""
    plain = re.sub(r"--.*", "", ddl)
    tables = {}
    for name, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", plain, re.DOTALL):
        table = tables[name] = SpecTable(name)
        for line in filter(None, (part.strip().rstrip(",") for part in body.splitlines())):
            _read(line, table)
    return tables


def _read(line: str, table: SpecTable) -> None:
    if found := re.fullmatch(r"UNIQUE KEY \w+ \((.+)\)", line):
        table.uniques.append(_names(found[1]))
    elif found := re.fullmatch(r"INDEX \w+ \((.+)\)", line):
        table.indexes.append(_names(found[1]))
    elif found := re.fullmatch(
        r"FOREIGN KEY \((\w+)\) REFERENCES (\w+)\(id\)(?: ON DELETE (.+))?", line
    ):
        table.references[found[1]] = f"{found[2]} ON DELETE {found[3] or 'RESTRICT'}"
    elif found := re.fullmatch(r"(\w+) ([A-Z]+)(?:\(([^)]*)\))?(.*)", line):
        name, family, inside, rest = found.groups()
        default = re.search(r"DEFAULT ('[^']*'|\([^)]*\)|\S+)", rest)
        table.columns[name] = SpecColumn(
            name,
            family,
            int(inside) if family == "VARCHAR" else None,
            tuple(re.findall(r"'([^']*)'", inside)) if family == "ENUM" else (),
            "NOT NULL" in rest or "PRIMARY KEY" in rest,
            default[1].strip("'") if default else None,
        )
        if "UNIQUE" in rest:
            table.uniques.append((name,))
    else:
        raise ValueError(f"{table.name}: {line}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def differences(spec: Mapping[str, SpecTable], models: sa.MetaData) -> set[Difference]:
    """Every place where the models are not what the specification says."""
    return {
        difference
        for table in spec.values()
        for difference in _of_table(table, models.tables.get(table.name))
    }


def _of_table(spec: SpecTable, table: sa.Table | None) -> Iterator[Difference]:
    if table is None:
        yield Difference(spec.name, "", "no such table")
        return
    for column in spec.columns.values():
        if column.name not in table.columns:
            yield Difference(spec.name, column.name, "no such column")
        else:
            for what in _of_column(column, table.columns[column.name]):
                yield Difference(spec.name, column.name, what)
    yield from _of_keys(spec, table)


def _of_column(spec: SpecColumn, column: sa.Column[Any]) -> Iterator[str]:
    family = next(name for kind, name in FAMILIES if isinstance(column.type, kind))
    if spec.family == "ENUM":
        yield from _of_words(spec, WORDS.get(f"{column.table.name}.{column.name}"))
    elif spec.family != family:
        yield f"{spec.family} -> {family}"
    elif isinstance(column.type, sa.String) and spec.length != column.type.length:
        yield f"VARCHAR({spec.length}) -> VARCHAR({column.type.length})"
    if spec.not_null and column.nullable:
        yield "may be NULL"
    if not spec.not_null and spec.default is None and not column.nullable:
        yield "may not be NULL"
    default = _default(column)
    if spec.family != "TIMESTAMP" and spec.default not in (default, "NULL", None):
        yield f"default {spec.default} -> {default}"


def _of_words(spec: SpecColumn, words: tuple[str, ...] | None) -> Iterator[str]:
    if words is None:
        yield "its words are not declared"
        return
    yield from (f"no word {word}" for word in spec.words if word not in words)
    yield from (f"also {word}" for word in words if word not in spec.words)


def _default(column: sa.Column[Any]) -> str | None:
    if column.default is None or not isinstance(column.default, sa.ColumnDefault):
        return None
    if column.default.is_callable:
        return str(column.default.arg(None))
    value = column.default.arg
    return str(value).upper() if isinstance(value, bool) else str(value)


def _of_keys(spec: SpecTable, table: sa.Table) -> Iterator[Difference]:
    ours = [
        tuple(one.name for one in key.columns)
        for key in (*table.constraints, *table.indexes)
        if isinstance(key, sa.UniqueConstraint | sa.PrimaryKeyConstraint | sa.Index)
    ]
    uniques = [
        {one.name for one in key.columns}
        for key in table.constraints
        if isinstance(key, sa.UniqueConstraint)
    ]
    for names in spec.uniques:
        if set(_as_ours(names, table)) not in uniques:
            yield Difference(spec.name, names[-1], f"not UNIQUE ({', '.join(names)})")
    for names in spec.indexes:
        wanted = _as_ours(names, table)
        if not any(key[: len(wanted)] == wanted for key in ours):
            yield Difference(spec.name, names[0], f"no INDEX ({', '.join(names)})")
    for name, reference in spec.references.items():
        if name in table.columns and reference not in _references(table.columns[name]):
            yield Difference(spec.name, name, f"no reference to {reference}")


def _as_ours(names: tuple[str, ...], table: sa.Table) -> tuple[str, ...]:
    if "user_id" in table.columns:
        return names
    return tuple("tenant_id" if name == "user_id" else name for name in names)


def _references(column: sa.Column[Any]) -> list[str]:
    return [
        f"{key.target_fullname.split('.')[0]} ON DELETE {key.ondelete or 'RESTRICT'}"
        for key in column.foreign_keys
    ]
