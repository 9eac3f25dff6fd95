"""A private MariaDB that may be killed and started again, with a flush at each commit."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from runtime.processes.child import Child, Plan
from tests.support import processes
from tests.support.mariadb import CHARSET, INSTALLER, SERVER, SMALL, MariaDb

NAME = "alir"


def make(folder: Path, say: Callable[[str, str], None]) -> tuple[Child, MariaDb]:
    """Install a server into `folder`, whose path must be short; start it with `Child.start`."""
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    _install(folder)
    command = [
        *processes.dying_with_us(as_nobody=True),
        SERVER,
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 'sock'}",
        f"--pid-file={folder / 'pid'}",
        f"--tmpdir={folder}",
        "--skip-networking",
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=1",
        *SMALL,
    ]
    return Child(Plan("database", command), say), MariaDb(folder / "sock")


def make_schema(server: MariaDb) -> str:
    """The address of a new, empty database."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{NAME}` {CHARSET}")
    return server.url(NAME)


def answers(server: MariaDb) -> bool:
    """Asked with a bare socket: the driver forgets to close one that was refused."""
    with socket.socket(socket.AF_UNIX) as plain:
        try:
            plain.connect(str(server.socket))
        except OSError:
            return False
    server.connect().close()
    return True


def _install(folder: Path) -> None:
    command = [
        *processes.dying_with_us(as_nobody=True),
        INSTALLER,
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={folder}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        *SMALL,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        raise RuntimeError(f"mariadb-install-db failed:\n{(done.stdout + done.stderr)[-2000:]}")
