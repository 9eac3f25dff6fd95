"""Hot statements: compiled once, then run on the driver's own cursor.

The usual way from a Core statement to the cursor costs about 0.1 ms a statement, more than SQLite
needs for the work itself. A hot statement keeps the compiled text and the converters of its
values; it takes part in the connection's transaction and raises the same errors.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.sqltypes import TupleType

Convert = Callable[[Any], Any] | None
Values = Mapping[str, Any]
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update

_LIST = re.compile(r"__\[POSTCOMPILE_(\w+?)\]")
_TUPLES = re.compile(r"\(([^()]+)\) IN \(__\[POSTCOMPILE_(\w+?)\]\)")
MYSQL = ("mysql", "mariadb")
UPDATE_AT_ONCE = 200
"""Rows in one joined UPDATE on MySQL; a larger one would outgrow a packet."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """One place for a value: a list, a value of the row, or a constant."""

    name: str
    convert: Convert
    is_list: bool
    constant: Any = None
    is_constant: bool = False
    parts: tuple[Convert, ...] = ()
    """Of a list of tuples: the converters of their parts."""

    def of(self, values: Values) -> Any:
        if self.is_constant:
            return self.constant
        value = values[self.name]
        return value if self.convert is None else self.convert(value)


class _Compiled:
    """A statement in one dialect's words."""

    def __init__(self, statement: Statement, dialect: Dialect, keys: Sequence[str] | None) -> None:
        done = statement.compile(dialect=dialect, column_keys=keys)
        self.text = str(done)
        self.mark = "%s" if dialect.name in MYSQL else "?"
        binds = {done.bind_names[bind]: bind for bind in done.binds.values()}
        self.slots = [_slot(name, binds[name], dialect) for name in done.positiontup or ()]
        self.lists = [slot for slot in self.slots if slot.is_list]
        # What does not change from row to row is converted once.
        self._blank = [slot.constant for slot in self.slots]
        moving = [(place, slot) for place, slot in enumerate(self.slots) if not slot.is_constant]
        self._plain = [(place, slot.name) for place, slot in moving if slot.convert is None]
        self._converted = [
            (place, slot.name, slot.convert) for place, slot in moving if slot.convert is not None
        ]
        self._texts: dict[tuple[int, ...], str] = {}
        self.row: Any = None
        self.converts: list[tuple[int, Callable[[Any], Any]]] = []
        if isinstance(statement, Select | CompoundSelect):
            columns = list(statement.selected_columns)
            self.row = _row_type([str(column.key) for column in columns])
            for index, column in enumerate(columns):
                convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
                if convert is not None:
                    self.converts.append((index, convert))

    def ready(self, values: Values) -> tuple[str, Sequence[Any]]:
        """The text and the values of one execution."""
        if not self.lists:
            return self.text, self.tuple_of(values)
        sizes: list[int] = []
        flat: list[Any] = []
        for slot in self.slots:
            value = slot.of(values) if slot.is_constant else values[slot.name]
            if not slot.is_list:
                flat.append(value if slot.is_constant or not slot.convert else slot.convert(value))
                continue
            items = list(value)
            if not items:
                raise ValueError(f"the list {slot.name!r} of a hot statement may not be empty")
            if slot.convert is not None and not slot.is_constant:
                items = [slot.convert(item) for item in items]
            # Few sizes, few texts: the driver and the server keep what they have parsed.
            size = len(items) if slot.is_constant else 1 << (len(items) - 1).bit_length()
            items += items[-1:] * (size - len(items))
            if slot.parts:
                flat += [
                    part if convert is None else convert(part)
                    for item in items
                    for part, convert in zip(item, slot.parts, strict=True)
                ]
            else:
                flat += items
            sizes.append(size)
        return self._text(tuple(sizes)), flat

    def _text(self, sizes: tuple[int, ...]) -> str:
        text = self._texts.get(sizes)
        if text is None:
            size_of = {slot.name: size for slot, size in zip(self.lists, sizes, strict=True)}

            def any_of(found: re.Match[str]) -> str:
                # SQLite goes through the whole table for a list of tuples, never for this.
                each = " AND ".join(f"{column} = {self.mark}" for column in found[1].split(", "))
                return "(" + " OR ".join([each] * size_of[found[2]]) + ")"

            text = _TUPLES.sub(any_of, self.text)
            text = _LIST.sub(lambda found: ", ".join([self.mark] * size_of[found[1]]), text)
            self._texts[sizes] = text
        return text

    def tuple_of(self, values: Values) -> tuple[Any, ...]:
        flat = self._blank.copy()
        for place, name in self._plain:
            flat[place] = values[name]
        for place, name, convert in self._converted:
            value = values[name]
            flat[place] = None if value is None else convert(value)
        return tuple(flat)

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        make = self.row._make
        if not self.converts:
            return [make(row) for row in found]
        rows = []
        for row in found:
            fields = list(row)
            for index, convert in self.converts:
                value = fields[index]
                if value is not None:
                    fields[index] = convert(value)
            rows.append(make(fields))
        return rows

    def joined(self, table: str, rows: Sequence[Values]) -> tuple[str, list[Any]]:
        """One UPDATE for many rows, as MySQL's statement over a table of values.

        The values come first in the join and the rows are found by their primary key, so that no
        other row is locked, whatever the statistics of a young table say.
        """
        moving = [slot for slot in self.slots if not slot.is_constant]
        names = list(dict.fromkeys(slot.name for slot in moving))
        by_name = {slot.name: slot for slot in moving}
        first = "SELECT " + ", ".join(f"%s AS v_{name}" for name in names)
        more = "SELECT " + ", ".join(["%s"] * len(names))
        flat = [by_name[name].of(row) for row in rows for name in names]
        parts = self.text.split("%s")
        text = parts[0]
        for slot, part in zip(self.slots, parts[1:], strict=True):
            if slot.is_constant:
                flat.append(slot.constant)
            text += ("%s" if slot.is_constant else f"new_values.v_{slot.name}") + part
        table_of_values = " UNION ALL ".join([first] + [more] * (len(rows) - 1))
        head = (
            f"UPDATE ({table_of_values}) AS new_values "
            f"STRAIGHT_JOIN {table} FORCE INDEX (PRIMARY) SET "
        )
        return text.replace(f"UPDATE {table} SET ", head, 1), flat


def _row_type(names: Sequence[str]) -> Any:
    return namedtuple("Row", names, rename=True)


def _slot(name: str, bind: Any, dialect: Dialect) -> _Slot:
    if isinstance(bind.type, TupleType):
        parts = tuple(
            part.dialect_impl(dialect).bind_processor(dialect) for part in bind.type.types
        )
        return _Slot(name, None, True, parts=parts)
    convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
    if bind.required:
        return _Slot(name, convert, bind.expanding)
    value = bind.effective_value
    if convert is not None:
        value = [convert(one) for one in value] if bind.expanding else convert(value)
    return _Slot(name, convert, bind.expanding, value, True)


class Hot:
    """A statement that is run over and over.

    Parameters are `bindparam`s without a value; lists (`expanding=True`) may not be empty, and
    hold tuples where a `tuple_` is looked for. Reads give named tuples of the selected columns.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def all(self, connection: Connection, values: Values) -> list[Any]:
        """The rows of a read."""
        compiled = self._for(connection)
        with closing(_cursor(connection)) as cursor:
            _execute(connection, cursor, *compiled.ready(values))
            return compiled.rows(cursor.fetchall())

    def scalars(self, connection: Connection, values: Values) -> list[Any]:
        """The first column of a read."""
        return [row[0] for row in self.all(connection, values)]

    def scalar(self, connection: Connection, values: Values) -> Any:
        """The first value of a read; None when there is no row."""
        found = self.all(connection, values)
        return found[0][0] if found else None

    def run(self, connection: Connection, values: Values) -> int:
        """Make one change; returns how many rows it met."""
        compiled = self._for(connection, values)
        with closing(_cursor(connection)) as cursor:
            _execute(connection, cursor, *compiled.ready(values))
            return int(cursor.rowcount)

    def many(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Make one change for each row; returns how many rows of the table were met.

        Rows of an INSERT share their keys; no lists.
        """
        if not rows:
            return 0
        compiled = self._for(connection, rows[0])
        with closing(_cursor(connection)) as cursor:
            if compiled.mark == "%s" and len(rows) > 1 and isinstance(self.statement, Update):
                table = str(self.statement.table)
                met = 0
                for start in range(0, len(rows), UPDATE_AT_ONCE):
                    text, flat = compiled.joined(table, rows[start : start + UPDATE_AT_ONCE])
                    _execute(connection, cursor, text, flat)
                    met += int(cursor.rowcount)
                return met
            values = [compiled.tuple_of(row) for row in rows]
            try:
                cursor.executemany(compiled.text, values)
            except connection.dialect.loaded_dbapi.Error as error:
                raise _translated(connection, cursor, compiled.text, error) from error
            return int(cursor.rowcount)

    def _for(self, connection: Connection, values: Values | None = None) -> _Compiled:
        dialect = connection.dialect
        is_insert = isinstance(self.statement, Insert)
        keys = tuple(values) if is_insert and values is not None else ()
        compiled = self._compiled.get((dialect.name, keys))
        if compiled is None:
            compiled = _Compiled(self.statement, dialect, keys or None)
            self._compiled[dialect.name, keys] = compiled
        return compiled


def run_text(connection: Connection, text: str) -> None:
    """Run a word to the driver that has no values and no rows: BEGIN."""
    with closing(connection.connection.cursor()) as cursor:
        _execute(connection, cursor, text, ())


def _cursor(connection: Connection) -> Any:
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def _execute(connection: Connection, cursor: Any, text: str, values: Sequence[Any]) -> None:
    try:
        cursor.execute(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection, cursor, text, error) from error


def _translated(connection: Connection, cursor: Any, text: str, error: Any) -> BaseException:
    """The driver's error as the rest of the product knows it; a lost connection is given up."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    told: BaseException = DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    if lost:
        connection.invalidate(error)
    return told
