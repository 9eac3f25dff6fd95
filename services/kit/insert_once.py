"""Inserts that leave what is there alone, in the words of each database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import mysql, sqlite

from services.kit.statements import Hot


class InsertOnce:
    """Rows whose unique key is taken already are passed over; every other error is raised."""

    def __init__(self, table: Table, unique: Sequence[str]) -> None:
        """`unique`: the columns of the key that may be taken, none of them generated."""
        once = sqlite.insert(table).on_conflict_do_nothing(index_elements=list(unique))
        again = mysql.insert(table).on_duplicate_key_update(
            {unique[-1]: table.c[unique[-1]]},
        )
        self._sqlite, self._mysql = Hot(once), Hot(again)

    def many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows of the same keys; returns how many are new, 0 where nobody can tell."""
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            return self._sqlite.many(connection, rows)
        self._mysql.many(connection, rows)
        return 0
