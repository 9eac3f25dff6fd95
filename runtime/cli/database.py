"""Opens the database for a command, and tells what is wrong with it in words one can act on."""

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from services.kit.config import Settings
from services.kit.errors import Unavailable

if TYPE_CHECKING:
    from runtime.compose import App

LOCK_PATIENCE_S = 5.0
LOCK_LOOK_S = 0.1


class DatabaseLocked(Unavailable):
    """Another program holds the database and does not let go."""

    code = "database_locked"


class DatabaseReadOnly(Unavailable):
    """The database can be read, but nothing can be saved."""

    code = "database_read_only"


class DatabaseBroken(Unavailable):
    """The file is no database, or a damaged one."""

    code = "database_broken"


class DatabaseAway(Unavailable):
    """The database server does not answer, or refuses us."""

    code = "database_unavailable"


class FolderNotWritable(Unavailable):
    """Alir can't keep its data in the folder it was given."""

    code = "folder_not_writable"


def make_folder(settings: Settings) -> Path:
    """The var folder, made when missing. Raises: FolderNotWritable."""
    probe = settings.var / f".probe.{os.getpid()}"
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FolderNotWritable(
            f"Nothing can be saved in the folder {settings.var} ({error.strerror}).",
            hint="Give this user the right to write there, or choose another with ALIR_VAR.",
        ) from error
    return settings.var


def sqlite_path(settings: Settings) -> Path | None:
    """The file of an SQLite database; None for a server."""
    scheme, _, path = settings.database.partition("///")
    return Path(path.partition("?")[0]) if scheme.startswith("sqlite") else None


def shown_url(settings: Settings) -> str:
    """The database's address without its password."""
    from sqlalchemy import make_url

    return make_url(settings.database).render_as_string(hide_password=True)


def check_writable(settings: Settings, patience_s: float = LOCK_PATIENCE_S) -> None:
    """Whether a write transaction can begin; quick, before anything else is loaded.

    Raises: DatabaseLocked, DatabaseReadOnly, DatabaseBroken. A server is asked later, by `told`.
    """
    path = sqlite_path(settings)
    if path is None or not path.exists():
        return
    with _lock(path, patience_s):
        connection = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            # Only a write shows that a file is write-protected; this one changes nothing.
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute(f"PRAGMA user_version = {int(version)}")
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _of_sqlite(error, settings) from error
        finally:
            connection.close()


@contextmanager
def opened(settings: Settings, *, migrated: bool = True) -> Iterator["App"]:
    """The product's parts over a database that answers; brought to this version by default.

    Raises: the errors of this module, or NewerDatabase.
    """
    from runtime import compose
    from runtime.migrate import migrate

    make_folder(settings)
    check_writable(settings)
    app = compose.build(settings)
    try:
        if migrated:
            with told(settings):
                migrate(app.database)
        yield app
    finally:
        app.database.close()


@contextmanager
def told(settings: Settings) -> Iterator[None]:
    """Turn the drivers' errors into ours."""
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.exc import TimeoutError as NoConnectionFree

    try:
        yield
    except sqlite3.Error as error:
        raise _of_sqlite(error, settings) from error
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise _of_sqlite(error.orig, settings) from error
        raise _of_server(error.orig, settings) from error
    except NoConnectionFree as error:
        raise _of_server(error, settings) from error


def _of_sqlite(error: sqlite3.Error, settings: Settings) -> Unavailable:
    path, said = sqlite_path(settings), str(error)
    if "locked" in said or "busy" in said:
        return _locked(path)
    if "readonly" in said or "read-only" in said or "unable to open" in said:
        return DatabaseReadOnly(
            f"Nothing can be saved in the database {path}.",
            hint="Is the disk full or mounted read-only? Give this user the right to write to the "
            "file and to its folder.",
        )
    return DatabaseBroken(
        f"{path} can't be used as a database ({said}).",
        hint="Restore the file from a backup, or move it away to begin with an empty one.",
    )


def _of_server(error: BaseException | None, settings: Settings) -> Unavailable:
    number = error.args[0] if error is not None and error.args else None
    hint = "Is the server running? Check ALIR_DATABASE_URL."
    if number in (1044, 1045, 1698):
        hint = "The server refuses the user or the password: check ALIR_DATABASE_URL."
    elif number == 1049:
        hint = "Make the database first: CREATE DATABASE alir CHARACTER SET utf8mb4;"
    elif number in (1290, 1792, 1836):
        hint = "The server is read-only: point ALIR_DATABASE_URL at the primary server."
    return DatabaseAway(
        f"The database {shown_url(settings)} can't be used ({_brief(error)}).", hint=hint
    )


def _brief(error: BaseException | None) -> str:
    said = str(error.args[-1] if error is not None and error.args else error)
    return said.splitlines()[0][:200] if said else type(error).__name__


def _locked(path: Path | None) -> DatabaseLocked:
    return DatabaseLocked(
        f"The database {path} is held by another program.",
        hint="Close what has it open (a database browser, a backup, another Alir) and try again.",
    )


@contextmanager
def _lock(path: Path, patience_s: float) -> Iterator[None]:
    """The lock that every writer of Alir takes first. Raises: DatabaseLocked, DatabaseReadOnly."""
    name = f"{path}.lock"
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
            raise
        raise DatabaseReadOnly(
            f"Nothing can be saved in the folder of the database {path} ({error.strerror}).",
            hint="Give this user the right to write there, or choose another with ALIR_VAR.",
        ) from error
    try:
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    raise _locked(path) from error
                time.sleep(LOCK_LOOK_S)
        yield
    finally:
        os.close(descriptor)
