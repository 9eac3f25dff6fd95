"""The media library: take files in, within a quota, find them and delete them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from sqlalchemy.orm import Session

from services.integrations.media import store
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.errors import Invalid, NotFound, ProductError, TooLarge, Unavailable
from services.media import repository
from services.media.models import MediaFile

FILENAME_CHARS = 200
_TOO_LARGE = ("media_too_large", "picture_too_large")
"""The codes of a file with too many bytes, and of one with too many pixels."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Library:
    """Where the files lie, and how much a tenant may keep there."""

    root: Path
    quota_bytes: int


def add(
    database: Database,
    clock: Clock,
    library: Library,
    tenant_id: int,
    stream: BinaryIO,
    filename: str,
    *,
    source: Literal["upload", "inbound"] = "upload",
    user_id: int | None = None,
) -> MediaFile:
    """Take a file in; the same bytes a second time are the same file.

    The file comes in before the transaction and gets its name inside it: a row never stands
    without its file. Raises: TooLarge (one file, or the quota), Invalid for what is not taken,
    Unavailable while the folder can't be used.
    """
    with database.reading_session() as session:
        _check_quota(repository.used_bytes(session, tenant_id), 1, library)
    try:
        received = store.receive(library.root, stream)
    except store.MediaProblem as problem:
        raise _told(problem) from problem
    try:
        with database.session() as session:
            repository.lock_tenant(session, tenant_id)
            known = repository.file_by_sha256(session, tenant_id, received.sha256)
            if known is not None:
                # The bytes stand there already; putting them again mends a file that was lost.
                store.keep(library.root, tenant_id, received, known.name)
                return known
            used = repository.used_bytes(session, tenant_id)
            _check_quota(used, received.size_bytes, library)
            # Kept even if the commit fails: its answer may be what was lost, not the row.
            name = store.keep(library.root, tenant_id, received)
            made = MediaFile(
                tenant_id=tenant_id,
                name=name,
                filename=_shown_name(filename) or name,
                mimetype=received.kind.mimetype,
                size_bytes=received.size_bytes,
                sha256=received.sha256,
                width_px=received.width_px,
                height_px=received.height_px,
                source=source,
                created_by=user_id,
                created_at=clock.now(),
            )
            session.add(made)
        return made
    except store.MediaProblem as problem:
        raise _told(problem) from problem
    finally:
        store.discard(received)


def files(
    session: Session, tenant_id: int, after: int | None, limit: int, kind: str | None
) -> Sequence[MediaFile]:
    return repository.files(session, tenant_id, after, limit, kind)


def used_bytes(session: Session, tenant_id: int) -> int:
    return repository.used_bytes(session, tenant_id)


def get(session: Session, tenant_id: int, media_id: int) -> MediaFile:
    found = repository.file(session, tenant_id, media_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found


def stored(library: Library, found: MediaFile) -> store.StoredFile:
    """The file itself. Raises: NotFound when it is gone from the folder."""
    try:
        return store.find(library.root, found.tenant_id, found.name, most_bytes=store.MAX_BYTES)
    except store.MediaProblem as problem:
        raise NotFound(
            "This file is gone from the media folder.",
            code="media_gone",
            hint="Upload it again, or restore the folder from a backup.",
        ) from problem


def thumbnail(library: Library, found: MediaFile) -> Path:
    """A small copy of a picture. Raises: NotFound when there can be none."""
    stored(library, found)
    small = store.thumbnail(library.root, found.tenant_id, found.name)
    if small is None:
        raise NotFound("This file has no preview.", code="no_thumbnail")
    return small


def delete(database: Database, library: Library, tenant_id: int, media_id: int) -> None:
    """Delete a file; it leaves the folder once the row is gone for good.

    Raises: NotFound; Unavailable while the folder can't be used, and both stay.
    """
    with database.session() as session:
        repository.lock_tenant(session, tenant_id)
        found = get(session, tenant_id, media_id)
        try:
            store.check_home(library.root, tenant_id)
        except store.MediaProblem as problem:
            raise _told(problem) from problem
        session.delete(found)
    store.remove(library.root, tenant_id, found.name)


def _check_quota(used: int, more: int, library: Library) -> None:
    if used + more > library.quota_bytes:
        raise TooLarge(
            "There is no room left for this file.",
            code="media_quota",
            hint=f"Of {library.quota_bytes // 1024 // 1024} MB, {used // 1024 // 1024} MB are in "
            "use. Delete files you no longer need.",
        )


def _told(problem: store.MediaProblem) -> ProductError:
    if problem.code == store.FOLDER_UNUSABLE:
        return Unavailable(str(problem), code=problem.code, hint=problem.hint)
    kind = TooLarge if problem.code in _TOO_LARGE else Invalid
    return kind(str(problem), code=problem.code, hint=problem.hint)


def _shown_name(filename: str) -> str:
    """The sender's name of a file as one harmless word for people."""
    plain = _CONTROL.sub("", unicodedata.normalize("NFC", filename))
    return plain.replace("\\", "/").rpartition("/")[2].strip(" .")[:FILENAME_CHARS]
