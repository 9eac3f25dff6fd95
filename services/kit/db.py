"""The database: column types, naming, and the two kinds of transaction.

SQLite and MySQL/MariaDB behave alike behind this module. On SQLite every write transaction holds a
blocking file lock before BEGIN IMMEDIATE, so that several processes queue fairly instead of
failing with "database is locked"; `synchronous=FULL` makes a commit survive a power cut.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
    make_url,
    or_,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from services.kit.statements import run_text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_unicode_520_ci",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime in Python, DATETIME(6) without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    # Times are half of what the hot statements carry: converted here in one step each way.
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _utc_text if dialect.name == "sqlite" else _utc_naive

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        return _from_utc_text if dialect.name == "sqlite" else _from_utc_naive


def _utc_naive(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime may not reach the database")
    return value.astimezone(UTC).replace(tzinfo=None)


def _utc_text(value: datetime | None) -> str | None:
    """All texts have the same length, so that they sort as the times do."""
    if value is None:
        return None
    if value.tzinfo is UTC:  # nearly always
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    if value.tzinfo is None:
        raise ValueError("a naive datetime may not reach the database")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_utc_naive(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


def _from_utc_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


Id = BigInteger().with_variant(Integer(), "sqlite")
"""Primary and foreign keys. SQLite needs INTEGER to number rows by itself."""

Json = JSON(none_as_null=True)


def Word(length: int) -> String:
    """Text compared byte by byte: ids, tokens, slugs, e-mails, session names, states."""
    binary = {"collation": "utf8mb4_bin"}
    return (
        String(length)
        .with_variant(mysql.VARCHAR(length, **binary), "mysql")
        .with_variant(mysql.VARCHAR(length, **binary), "mariadb")
    )


def States(words: type[Any], length: int = 20) -> Enum:
    """A state word stored as VARCHAR; the values are those of the StrEnum."""
    return Enum(
        words,
        native_enum=False,
        length=length,
        create_constraint=False,
        values_callable=lambda members: [member.value for member in members],
    )


def _to_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


_JSON: dict[str, Any] = {"json_serializer": _to_json, "json_deserializer": orjson.loads}


def one_of(column: Any, words: Iterable[str]) -> ColumnElement[bool]:
    """`column` is one of these words; unlike IN it may stand in a statement for many rows."""
    return or_(*(column == word for word in words))


AWAY = (OperationalError, InterfaceError, PendingRollbackError, PoolTimeout)
"""What a transaction raises when the database is away, or went away while it ran."""


class Database:
    """One engine and its transactions. Open one per process."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.url = url
        if self.is_sqlite:
            path = parsed.database
            if not path or path == ":memory:":
                raise ValueError("the SQLite database must be a file: several processes share it")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._lock_path = f"{path}.lock"
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                connect_args={"timeout": 30, "isolation_level": None, "cached_statements": 512},
                **_JSON,
            )
            _prepare_sqlite(self.engine)
        else:
            self.engine = create_engine(
                parsed,
                paramstyle="format",
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_pre_ping=True,
                pool_recycle=1800,
                pool_timeout=5,
                isolation_level="READ COMMITTED",
                connect_args={"connect_timeout": 5, "read_timeout": 60, "write_timeout": 60},
                **_JSON,
            )
        self._local = threading.local()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading, in one snapshot; what it changes is not kept."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: commits at the end, rolls back on any error."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._file_lock(), self.engine.connect() as plain:
            connection = plain.execution_options(alir_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def session(self) -> Iterator[Session]:
        """An ORM session inside `write()`; flushed and committed at the end."""
        with (
            self.write() as connection,
            Session(
                bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only"
            ) as session,
        ):
            yield session
            session.flush()

    @contextmanager
    def reading_session(self) -> Iterator[Session]:
        """An ORM session inside `read()`: what it changes is not kept."""
        with self.read() as connection, Session(bind=connection, autoflush=False) as session:
            yield session

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        if getattr(self._local, "held", False):
            raise RuntimeError("a write transaction may not open a second one")
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._local.held = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            self._local.held = False
            os.close(descriptor)

    def close(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.execute("PRAGMA cache_size=-8000")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    # The driver is in autocommit mode; the transaction begins here, so that a write transaction
    # takes its lock at once (an upgrade from a read lock could fail half-way) and a read does not.
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("alir_write", False)
        run_text(connection, "BEGIN IMMEDIATE" if write else "BEGIN")
