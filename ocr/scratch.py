"""A folder for what one running program writes, and the end of those that killed ones left."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "ocr-"
LOCK = "lock"
LOOKED_AT_MAX = 1_000


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder among the temporary ones, gone at the end.

    The system lets go of its lock whichever way the process ends, so the next program to start
    knows whose folders nobody uses any more.
    """
    parent = Path(tempfile.gettempdir())
    with _folder_of_its_own(parent) as (folder, lock):
        _remove_left_behind(parent, folder)
        try:
            yield folder
        finally:
            os.close(lock)


@contextmanager
def _folder_of_its_own(parent: Path) -> Iterator[tuple[Path, int]]:
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name:
        lock = os.open(Path(name, LOCK), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.write(lock, f"{os.getpid()}\n".encode())  # only now is it one that can be left behind
        yield Path(name), lock


def _remove_left_behind(parent: Path, own: Path) -> None:
    """Only folders of this user that hold a lock which nobody holds."""
    for folder in sorted(parent.glob(f"{PREFIX}*"))[:LOOKED_AT_MAX]:
        if folder != own and _is_left_behind(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(folder: Path) -> bool:
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        # Its owner writes into it once it holds the lock: one just being made is left alone.
        return os.fstat(lock).st_size > 0
    finally:
        os.close(lock)
