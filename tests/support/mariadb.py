"""A private MariaDB of the test session, and fresh databases inside it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pymysql
from pymysql.connections import Connection

from tests.support import processes

SERVER = "/usr/sbin/mariadbd"
INSTALLER = "/usr/bin/mariadb-install-db"
CHARSET = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"
SMALL = ("--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M")


def is_installed() -> bool:
    return os.access(SERVER, os.X_OK) and os.access(INSTALLER, os.X_OK)


class MariaDb:
    """A server that only this process uses, on a unix socket."""

    def __init__(self, address: Path) -> None:
        self.socket = address
        self._blueprint: list[str] = []

    def url(self, name: str) -> str:
        return f"mysql+pymysql://root@localhost/{name}?unix_socket={self.socket}&charset=utf8mb4"

    def connect(self, name: str | None = None) -> Connection:
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database=name, autocommit=True
        )

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of an empty database, dropped at the end."""
        name = f"alir_{uuid4().hex[:12]}"
        self._run(f"CREATE DATABASE `{name}` {CHARSET}")
        try:
            yield name
        finally:
            self._run(f"DROP DATABASE `{name}`")

    def remember(self, name: str) -> None:
        """Keep the schema of this database as the blueprint for `build()`."""
        with self.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            for (table,) in cursor.fetchall():
                cursor.execute(f"SHOW CREATE TABLE `{table}`")
                found = cursor.fetchone()
                assert found is not None
                self._blueprint.append(found[1])
            cursor.execute("SELECT version_num FROM alembic_version")
            for (revision,) in cursor.fetchall():
                self._blueprint.append(f"INSERT INTO alembic_version VALUES ('{revision}')")

    @property
    def has_blueprint(self) -> bool:
        return bool(self._blueprint)

    def build(self, name: str) -> None:
        """Make the remembered tables: several times faster than migrating again."""
        self._run("SET foreign_key_checks = 0", *self._blueprint, database=name)

    def _run(self, *statements: str, database: str | None = None) -> None:
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def running() -> Iterator[MariaDb]:
    """Install and start a server in a folder of its own; both are gone afterwards."""
    # Below /tmp and short: a unix socket's path may hold 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="alir-db-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        data, address, log = folder / "data", folder / "sock", folder / "log"
        _install(data, log)
        command = [
            SERVER,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={address}",
            f"--pid-file={folder / 'pid'}",
            "--skip-networking",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=2",
            "--sync-binlog=0",
            f"--tmpdir={folder}",
            *SMALL,
        ]
        with processes.running(command, log, as_nobody=True, cwd=folder) as child:
            server = MariaDb(address)
            processes.until(lambda: _answers(server), child, log)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(data: Path, log: Path) -> None:
    command = [
        *processes.dying_with_us(as_nobody=True),
        INSTALLER,
        "--no-defaults",
        f"--datadir={data}",
        f"--tmpdir={data.parent}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        *SMALL,
    ]
    with log.open("ab") as output:
        done = subprocess.run(command, stdout=output, stderr=output, cwd=data.parent, check=False)
    if done.returncode:
        raise RuntimeError(f"mariadb-install-db failed:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _answers(server: MariaDb) -> bool:
    """Asked with a bare socket: the driver forgets to close one that was refused."""
    with socket.socket(socket.AF_UNIX) as plain:
        try:
            plain.connect(str(server.socket))
        except OSError:
            return False
    server.connect().close()
    return True
