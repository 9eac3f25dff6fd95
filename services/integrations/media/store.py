"""Finds a tenant's file by its name, and never anything outside of the tenant's folder."""

import mimetypes
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_SEND_BYTES = 16 * 1024 * 1024
"""WhatsApp's own limit for pictures, sound and film; documents may be larger, ours are not."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class MediaProblem(ValueError):
    """A file can't be used; `code` is stable, the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there and may be sent."""

    name: str
    path: Path
    mimetype: str
    size_bytes: int


def folder(root: Path, tenant_id: int) -> Path:
    """Where a tenant's files lie."""
    return root / str(tenant_id)


def find(root: Path, tenant_id: int, name: str) -> StoredFile:
    """The tenant's file of this name.

    A name is one plain word: no folders, no links, nothing hidden. Raises: MediaProblem.
    """
    if not _NAME.fullmatch(name):
        raise MediaProblem("bad_media_name", f"{name[:80]!r} is not the name of a media file.")
    path = folder(root, tenant_id) / name
    try:
        found = os.lstat(path)
    except OSError:
        raise MediaProblem("no_such_media", f"There is no media file {name!r}.") from None
    if not stat.S_ISREG(found.st_mode):
        raise MediaProblem("no_such_media", f"There is no media file {name!r}.")
    if found.st_size == 0:
        raise MediaProblem("empty_media", f"The media file {name!r} is empty.")
    if found.st_size > MAX_SEND_BYTES:
        megabytes = found.st_size / 1024 / 1024
        raise MediaProblem(
            "media_too_large", f"{name!r} has {megabytes:.0f} MB; WhatsApp takes 16 MB at most."
        )
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StoredFile(name, path, mimetype, found.st_size)
