"""/media: the files a business sends and has received."""

from typing import Annotated

from fastapi import Query, UploadFile
from fastapi.responses import FileResponse

from services.integrations.media.store import MAX_BYTES
from services.kit.http import (
    ANYBODY,
    MANAGERS,
    App,
    CurrentMember,
    PageAsked,
    Parts,
    ReadDb,
    Router,
)
from services.media import service
from services.media.models import MediaFile
from services.media.schemas import FileKind, MediaOut, MediaPage

router = Router(prefix="/media", tags=["media"])
MULTIPART_BYTES = 64 * 1024
"""What a form adds around its file."""
BYTES_OF_A_MB = 1024 * 1024


@router.get("", dependencies=[ANYBODY])
def list_files(
    page: PageAsked,
    member: CurrentMember,
    app: App,
    session: ReadDb,
    kind: Annotated[FileKind | None, Query()] = None,
) -> MediaPage:
    """Newest first, with how much of the account's room is in use."""
    found = service.files(session, member.tenant_id, page.after, page.limit, kind)
    return MediaPage(
        items=[MediaOut.model_validate(one) for one in found],
        next=found[-1].id if len(found) == page.limit else None,
        used_bytes=service.used_bytes(session, member.tenant_id),
        quota_bytes=_library(app).quota_bytes,
    )


@router.post(
    "",
    dependencies=[ANYBODY],
    status_code=201,
    response_model=MediaOut,
    max_body_size=MAX_BYTES + MULTIPART_BYTES,
)
def upload(file: UploadFile, member: CurrentMember, app: App) -> MediaFile:
    """Put a file into the library; its type is told by its content. `reference` names it in flows.

    Pictures, sound and film up to 16 MB, PDF up to 20 MB, pictures up to 25 million pixels: more
    is 413. A picture or PDF that is cut off is 422. The same file again is the same entry.
    """
    return service.add(
        app.database,
        app.clock,
        _library(app),
        member.tenant_id,
        file.file,
        file.filename or "",
        user_id=member.user_id,
    )


@router.get("/{media_id}", dependencies=[ANYBODY], response_class=FileResponse)
def download(media_id: int, member: CurrentMember, app: App, session: ReadDb) -> FileResponse:
    """The file, to be saved: browsers are told not to show it in place."""
    found = service.get(session, member.tenant_id, media_id)
    return FileResponse(
        service.stored(_library(app), found).path,
        media_type=found.mimetype,
        filename=found.filename,
        content_disposition_type="attachment",
    )


@router.get("/{media_id}/thumbnail", dependencies=[ANYBODY], response_class=FileResponse)
def thumbnail(media_id: int, member: CurrentMember, app: App) -> FileResponse:
    """A small WebP of a picture."""
    with app.database.reading_session() as session:
        found = service.get(session, member.tenant_id, media_id)
    # Made outside of the transaction: decoding may take a second.
    return FileResponse(service.thumbnail(_library(app), found), media_type="image/webp")


@router.delete("/{media_id}", dependencies=[MANAGERS], status_code=204)
def delete(media_id: int, member: CurrentMember, app: App) -> None:
    """Delete a file. Messages that wait with it will fail and say so."""
    service.delete(app.database, _library(app), member.tenant_id, media_id)


def _library(app: Parts) -> service.Library:
    settings = app.settings
    return service.Library(settings.media, settings.media_quota_mb * BYTES_OF_A_MB)
