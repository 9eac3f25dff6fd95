"""The files of the tenants: taken in by their content, found by their name, never outside a folder.

    root/<tenant>/<random name>.<ending by content>
    root/<tenant>/.thumbnails/<name>.webp
    root/.incoming/<token>          while a file comes in

The root is shared by the API, the workers and the program that reads images.
"""

import errno
import mimetypes
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from services.integrations.media import pictures, wholeness
from services.integrations.media.kinds import (
    HEAD_BYTES,
    MAX_MEDIA_BYTES,
    MAX_PDF_BYTES,
    SUPPORTED,
    TAIL_BYTES,
    Kind,
    kind_of,
    may_become,
)
from services.integrations.media.problem import MediaProblem

__all__ = [
    "FOLDER_UNUSABLE",
    "MediaProblem",
    "Received",
    "StoredFile",
    "check",
    "find",
    "folder",
    "keep",
    "receive",
]

FOLDER_UNUSABLE = "media_folder_unusable"
"""The code of a problem of the place, not of the file: somebody has to mend the folder."""

MAX_SEND_BYTES = MAX_MEDIA_BYTES
"""What may be sent: documents may be larger on WhatsApp, ours are not."""
MAX_BYTES = MAX_PDF_BYTES
"""The largest file of any kind."""
CHUNK_BYTES = 256 * 1024
FORGOTTEN_AFTER_S = 3600.0
"""A file that came in so long ago and was not kept belongs to a process that died."""
FREE_BYTES_LEAST = 200 * 1024 * 1024
FOLDER_MODE, FILE_MODE = 0o755, 0o644
"""The program that reads images may run as another user; it reads and never writes."""
_INCOMING = ".incoming"
_THUMBNAILS = ".thumbnails"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there and may be used."""

    name: str
    path: Path
    mimetype: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has come in whole and belongs to nobody yet: `keep` or `discard` it."""

    path: Path
    kind: Kind
    size_bytes: int
    sha256: str
    width_px: int | None
    height_px: int | None


def folder(root: Path, tenant_id: int) -> Path:
    """Where a tenant's files lie."""
    return root / str(tenant_id)


# --------------------------------------------------------------------------- finding


def find(root: Path, tenant_id: int, name: str, *, most_bytes: int = MAX_SEND_BYTES) -> StoredFile:
    """The tenant's file of this name.

    A name is one plain word: no folders, no links, nothing hidden. Raises: MediaProblem.
    """
    if not _NAME.fullmatch(name):
        raise MediaProblem("bad_media_name", f"{name[:80]!r} is not the name of a media file.")
    home = folder(root, tenant_id)
    path = home / name
    try:
        of_folder, found = os.lstat(home), os.lstat(path)
    except OSError:
        raise MediaProblem("no_such_media", f"There is no media file {name!r}.") from None
    if not stat.S_ISDIR(of_folder.st_mode) or not stat.S_ISREG(found.st_mode):
        raise MediaProblem("no_such_media", f"There is no media file {name!r}.")
    if found.st_size == 0:
        raise MediaProblem("empty_media", f"The media file {name!r} is empty.")
    if found.st_size > most_bytes:
        megabytes = found.st_size / 1024 / 1024
        raise MediaProblem(
            "media_too_large",
            f"{name!r} has {megabytes:.0f} MB; at most {most_bytes // 1024 // 1024} MB are taken.",
        )
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StoredFile(name, path, mimetype, found.st_size)


def thumbnail(root: Path, tenant_id: int, name: str) -> Path | None:
    """A small copy of the tenant's picture, made when it is first asked for; None: there is none.

    A picture that can't be decoded is remembered by an empty file, and not tried again.
    """
    found = find(root, tenant_id, name, most_bytes=MAX_BYTES)
    if not found.mimetype.startswith("image/"):
        return None
    target = _thumbnail_path(root, tenant_id, name)
    # Other programs write to this volume: a link in it may lead anywhere, so none is followed.
    if target.parent.is_symlink() or target.is_symlink():
        return None
    if not target.exists():
        target.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        if not pictures.make_thumbnail(found.path, target):
            target.touch()
    return target if target.lstat().st_size > 0 else None


# --------------------------------------------------------------------------- taking in


def receive(root: Path, stream: BinaryIO) -> Received:
    """Take a file in, no further than its type allows, and see what it is.

    Raises: MediaProblem (empty_media, media_type_unknown, media_too_large, broken_picture,
    broken_pdf, picture_too_large, media_folder_unusable); nothing is left behind then.
    """
    with _opened(root, _INCOMING) as incoming:
        _sweep(incoming)
        name = secrets.token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(name, flags, FILE_MODE, dir_fd=incoming), "wb") as target:
                return _copied(stream, target, root / _INCOMING / name)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=incoming)
            raise


def _copied(stream: BinaryIO, target: BinaryIO, path: Path) -> Received:
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(CHUNK_BYTES)):
        head += more
    if not head:
        raise MediaProblem("empty_media", "This file is empty.", "Choose another file.")
    if not may_become(head):
        raise _unknown()
    kind = kind_of(head)
    most_bytes = MAX_MEDIA_BYTES if kind is None else kind.most_bytes
    digest, size_bytes, tail, chunk = sha256(), 0, b"", head
    while chunk:
        size_bytes += len(chunk)
        if size_bytes > most_bytes:
            raise MediaProblem(
                "media_too_large",
                f"This file has more than {most_bytes // 1024 // 1024} MB.",
                "Make it smaller, or send a link to it.",
            )
        digest.update(chunk)
        target.write(chunk)
        tail = (tail + chunk)[-TAIL_BYTES:]
        chunk = stream.read(CHUNK_BYTES)
    kind = kind_of(head, tail)
    if kind is None:
        raise _unknown()
    target.flush()
    os.fsync(target.fileno())
    width_px, height_px = pictures.size_px(path) if kind.is_picture else (None, None)
    wholeness.check(path, kind)
    return Received(path, kind, size_bytes, digest.hexdigest(), width_px, height_px)


def _unknown() -> MediaProblem:
    return MediaProblem(
        "media_type_unknown", "This type of file is not taken.", f"Send one of these: {SUPPORTED}."
    )


def keep(root: Path, tenant_id: int, received: Received, name: str | None = None) -> str:
    """Give a file to a tenant; returns its name there, a fresh random one unless one is given.

    Raises: MediaProblem (media_folder_unusable).
    """
    name = name or secrets.token_hex(16) + received.kind.extension
    with _opened(root, str(tenant_id)) as home:
        os.replace(received.path, name, dst_dir_fd=home)
        os.fsync(home)
    return name


def discard(received: Received) -> None:
    """Forget a file that came in; nothing happens when it was kept."""
    received.path.unlink(missing_ok=True)


def remove(root: Path, tenant_id: int, name: str) -> None:
    """Delete a tenant's file with its small copy; nothing happens when it is gone already.

    Raises: MediaProblem (bad_media_name, media_folder_unusable).
    """
    if not _NAME.fullmatch(name):
        raise MediaProblem("bad_media_name", f"{name[:80]!r} is not the name of a media file.")
    with _opened(root, str(tenant_id)) as home:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=home)
        try:
            small = os.open(_THUMBNAILS, _FOLDER_FLAGS, dir_fd=home)
        except OSError:
            return  # there are none, or what stands there is not ours
        try:
            with suppress(FileNotFoundError):
                os.unlink(_thumbnail_path(root, tenant_id, name).name, dir_fd=small)
        finally:
            os.close(small)


def check_home(root: Path, tenant_id: int) -> None:
    """Raises: MediaProblem when the folder of a tenant can't be used."""
    with _opened(root, str(tenant_id)):
        return


@contextmanager
def _opened(root: Path, name: str) -> Iterator[int]:
    """A folder right below the root, made when it is not there: its descriptor.

    Other programs write to this volume. What is done by the descriptor happens in this folder even
    if its name becomes a link meanwhile. Raises: MediaProblem.
    """
    try:
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            (root / name).mkdir(mode=FOLDER_MODE)
        descriptor = os.open(root / name, _FOLDER_FLAGS)
    except OSError as error:
        is_link = error.errno in (errno.ELOOP, errno.ENOTDIR) and (root / name).is_symlink()
        why = "is a link: none is followed" if is_link else f"can't be used: {error.strerror}"
        raise MediaProblem(
            FOLDER_UNUSABLE,
            f"{name!r} in the media folder {why}.",
            "Put a folder in its place (`alir doctor` looks at the media folder).",
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _thumbnail_path(root: Path, tenant_id: int, name: str) -> Path:
    return folder(root, tenant_id) / _THUMBNAILS / f"{name}.webp"


def _sweep(incoming: int) -> None:
    """Delete what processes that died left behind."""
    before = time.time() - FORGOTTEN_AFTER_S
    for name in os.listdir(incoming):
        with suppress(FileNotFoundError, IsADirectoryError):
            found = os.stat(name, dir_fd=incoming, follow_symlinks=False)
            if found.st_mtime < before and not stat.S_ISDIR(found.st_mode):
                os.unlink(name, dir_fd=incoming)


# --------------------------------------------------------------------------- the doctor


def check(root: Path) -> list[str]:
    """What is wrong with the folder of media files, in plain words; empty when all is well."""
    try:
        if not root.is_dir():
            return [f"{root} is no folder."]
        probe = root / f"{_INCOMING}-{secrets.token_hex(8)}"
        probe.write_bytes(b"alir")
        try:
            if probe.read_bytes() != b"alir":
                return [f"{root} does not give back what was written to it."]
        finally:
            probe.unlink()
        free = os.statvfs(root)
    except OSError as error:
        return [f"{root} can't be used: {error.strerror or error}."]
    problems = [
        f"{one} is a link, and none is followed: put a folder in its place."
        for one in sorted(root.iterdir())
        if one.is_symlink() and (one.name.isdecimal() or one.name == _INCOMING)
    ]
    if free.f_bavail * free.f_frsize < FREE_BYTES_LEAST:
        problems.append(f"{root} has less than {FREE_BYTES_LEAST // 1024 // 1024} MB left.")
    if not root.stat().st_mode & stat.S_IXOTH:
        problems.append(f"{root} is closed to other users: a reader of images may run as another.")
    return problems
