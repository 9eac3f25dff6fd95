"""The one door to the shared media folder: nothing outside it is opened, no link followed."""

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ocr import limits, problems

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
PATH_CHARACTERS_MAX = 1_024
CHUNK_BYTES = 256 * 1024


def copy(root: Path, path: str, target: BinaryIO) -> None:
    """Copy a file, named relative to the folder or absolute inside it, into an open one.

    Each step of the path is opened from the one before, so a folder that is swapped for a link
    meanwhile is refused too.

    Raises: Refused (outside the folder, a link, missing, no ordinary file, too large, empty).
    """
    steps = _steps(root, path)
    handle = _open_root(root, path)
    try:
        for step in steps[:-1]:
            handle = _swap(handle, _open(step, _FOLDER, handle, path))
        handle = _swap(handle, _open(steps[-1], _FILE, handle, path))
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise problems.not_a_file(path)
        if found.st_size > limits.FILE_BYTES_MAX:
            raise problems.too_large(found.st_size)
        _copy_all(handle, target)
    finally:
        os.close(handle)


def _steps(root: Path, path: str) -> list[str]:
    if len(path) > PATH_CHARACTERS_MAX or "\0" in path or not path.strip():
        raise problems.outside(path[:80], "is no path of a file")
    if any("\ud800" <= sign <= "\udfff" for sign in path):
        raise problems.outside(ascii(path[:80]), "is no path of a file")
    wanted = PurePosixPath(path)
    if wanted.is_absolute():
        if not wanted.is_relative_to(root):
            raise problems.outside(path, "is outside the media folder")
        wanted = wanted.relative_to(root)
    if ".." in wanted.parts:
        raise problems.outside(path, "leads out of the media folder")
    if not wanted.parts:
        raise problems.not_a_file(path)
    return list(wanted.parts)


def _open_root(root: Path, path: str) -> int:
    """The folder itself may be a link: the administrator named it."""
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        raise problems.unreadable(path) from None
    except OSError:
        raise problems.not_found(path) from None


def _open(step: str, flags: int, folder: int, path: str) -> int:
    try:
        return os.open(step, flags, dir_fd=folder)
    except FileNotFoundError:
        raise problems.not_found(path) from None
    except PermissionError:
        raise problems.unreadable(path) from None
    except OSError as error:
        if error.errno == errno.ELOOP or _is_link(step, folder):
            raise problems.outside(path, "goes through a link") from None
        if error.errno in (errno.ENOTDIR, errno.ENAMETOOLONG):
            raise problems.not_found(path) from None
        raise problems.not_a_file(path) from None  # a socket, a device without a driver


def _is_link(step: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(step, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _swap(old: int, new: int) -> int:
    os.close(old)
    return new


def _copy_all(handle: int, target: BinaryIO) -> None:
    """Stops above the limit, for a file that grows while it is read."""
    length = 0
    while chunk := os.read(handle, CHUNK_BYTES):
        length += len(chunk)
        if length > limits.FILE_BYTES_MAX:
            raise problems.too_large(length)
        target.write(chunk)
    if not length:
        raise problems.empty()
