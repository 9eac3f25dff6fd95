"""Proves that processes look into one and the same media folder: a mark in it, and a probe."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.integrations.media.store import FILE_MODE, FOLDER_MODE

_MARK = ".folder-"
_PROBES = ".probe"
_PROBE_PX = (96, 48)


def mark(root: Path) -> str:
    """What tells this folder from any other, made when it is first asked for.

    It is the name of a file: two who make one at once both see both, and take the first.
    Raises: OSError.
    """
    found = _marks(root)
    if not found:
        _write(root / f"{_MARK}{secrets.token_hex(16)}", b"")
        found = _marks(root)
    return found[0]


def _marks(root: Path) -> list[str]:
    return sorted(name.removeprefix(_MARK) for name in os.listdir(root) if name.startswith(_MARK))


@contextmanager
def probe(root: Path) -> Iterator[str]:
    """A small picture under a name nobody knows, with the rights of any other file.

    Yields its path relative to the folder; it is gone afterwards. Raises: OSError.
    """
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("L", _PROBE_PX, "white").save(written, "PNG")
    folder = root / _PROBES
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if folder.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, f"{_PROBES} is a link, and none is followed")
    file = folder / f"{secrets.token_hex(16)}.png"
    try:
        _write(file, written.getvalue())
        yield file.relative_to(root).as_posix()
    finally:
        file.unlink(missing_ok=True)
        with suppress(OSError):  # another doctor has its probe there
            folder.rmdir()


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as file:
        file.write(content)
