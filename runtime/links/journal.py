"""The journal of clicks: a local file that is written before a visitor is led on.

A click is one line: the CRC-32 of the rest, a blank, a JSON list. It is written with one system
call, so that it outlives the process from that moment on, whatever kills it; all that was written
since is brought to the disk together, at most 50 ms later, for the day the power goes. A line that
was torn, by a full disk or such a day, has a wrong checksum and is passed over: its visitor was
never led on.

The process that writes a journal holds a lock on it. When that is free the writer is dead (or has
begun its next file), and whoever gets the lock may drain the file and remove it.
"""

import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

ENDING = ".clicks"
FILE_BYTES_MOST = 16 * 1024 * 1024
SYNC_EVERY_S = 0.025
"""A sync takes milliseconds more: 50 ms in all."""
CRC_CHARS = 8


class Journal:
    """This process's journal. `append` is called by one thread, `sync` by another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1
        self._size_bytes = 0
        self._left: list[int] = []
        self._is_dirty = False
        self.wake = threading.Event()
        """Set when there is something to sync."""
        self.path = self._open()

    def _open(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(8)}{ENDING}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._size_bytes = 0
        self.path = path
        return path

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def append(self, payload: bytes) -> None:
        """Write one click. When this returns, it will be counted. Raises: OSError."""
        if self._size_bytes >= FILE_BYTES_MOST:
            self._left.append(self._descriptor)
            self._open()
        line = b"%08x %b\n" % (crc32(payload), payload)
        written = os.write(self._descriptor, line)
        self._size_bytes += written
        if written < len(line):
            self._end_torn_line()
            raise OSError(f"only {written} of {len(line)} bytes could be written")
        if not self._is_dirty:
            self._is_dirty = True
            self.wake.set()

    def _end_torn_line(self) -> None:
        """What comes next begins a line of its own. Raises: OSError, while the disk is full."""
        self._size_bytes += os.write(self._descriptor, b"\n")

    def sync(self) -> None:
        """Bring what was written to the disk, and let go of files that are full."""
        self._is_dirty = False
        while self._left:
            full = self._left[0]
            os.fdatasync(full)
            self._left.pop(0)
            os.close(full)
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Let go of the file; what is not drained yet is drained by another process."""
        self.sync()
        os.close(self._descriptor)


def name_of(path: Path) -> str:
    """The journal's name in the database."""
    return path.name.removesuffix(ENDING)


def lines(file: BinaryIO, start: int, limit: int) -> tuple[list[tuple[int, bytes]], int, int]:
    """Up to `limit` whole lines from `start` on.

    Their (offset, payload), how many were torn, and where the next one begins.
    """
    file.seek(start)
    found: list[tuple[int, bytes]] = []
    torn, at = 0, start
    while len(found) < limit:
        line = file.readline()
        if not line.endswith(b"\n"):
            break  # nothing more, or a line that is being written
        payload = line[CRC_CHARS + 1 : -1]
        if payload.startswith(b"[") and line[:CRC_CHARS] == b"%08x" % crc32(payload):
            found.append((at, payload))
        elif line != b"\n":
            torn += 1
        at += len(line)
    return found, torn, at


def left_behind(folder: Path, own: Path | None) -> Iterator[Path]:
    """Journals that are not this process's current one, the oldest first."""
    try:
        found = [
            (path.stat().st_mtime, path)
            for path in folder.iterdir()
            if path.suffix == ENDING and path != own
        ]
    except FileNotFoundError:
        return
    yield from (path for _, path in sorted(found))


@contextmanager
def taken(path: Path) -> Iterator[BinaryIO | None]:
    """The journal, when its writer is gone and nobody else drains it; else None."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file
