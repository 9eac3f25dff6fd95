"""Queries of the media library."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, func, or_, select
from sqlalchemy.orm import Session

from services.accounts.models import Tenant
from services.media.models import MediaFile

media_files: Table = MediaFile.__table__  # type: ignore[assignment]

GROUPS = ("image", "video", "audio")


def files(
    session: Session, tenant_id: int, after: int | None, limit: int, kind: str | None
) -> Sequence[MediaFile]:
    """Newest first, from below the id `after`; `kind` is image, video, audio or document."""
    query = select(MediaFile).where(MediaFile.tenant_id == tenant_id)
    if after is not None:
        query = query.where(MediaFile.id < after)
    if kind in GROUPS:
        query = query.where(MediaFile.mimetype.startswith(f"{kind}/"))
    elif kind is not None:
        query = query.where(~or_(*(MediaFile.mimetype.startswith(f"{group}/") for group in GROUPS)))
    return session.scalars(query.order_by(MediaFile.id.desc()).limit(limit)).all()


def file(session: Session, tenant_id: int, media_id: int) -> MediaFile | None:
    return session.scalar(
        select(MediaFile).where(MediaFile.tenant_id == tenant_id, MediaFile.id == media_id)
    )


def file_by_sha256(session: Session, tenant_id: int, sha256: str) -> MediaFile | None:
    return session.scalar(
        select(MediaFile).where(MediaFile.tenant_id == tenant_id, MediaFile.sha256 == sha256)
    )


def used_bytes(session: Session, tenant_id: int) -> int:
    """How much a tenant's files take."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(MediaFile.size_bytes), 0)).where(
                MediaFile.tenant_id == tenant_id
            )
        )
        or 0
    )


def lock_tenant(session: Session, tenant_id: int) -> None:
    """Let nobody else count or add this tenant's files until the commit."""
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update())


_NAMED = select(media_files.c.name, media_files.c.filename, media_files.c.mimetype)


def named(connection: Connection, tenant_id: int, reference: str) -> Row[*tuple[Any, ...]] | None:
    """The row (name, filename, mimetype) of a file by its id (digits) or its name in the store."""
    mine = _NAMED.where(media_files.c.tenant_id == tenant_id)
    if reference.isascii() and reference.isdigit() and len(reference) < 19:
        return connection.execute(mine.where(media_files.c.id == int(reference))).first()
    return connection.execute(mine.where(media_files.c.name == reference)).first()
