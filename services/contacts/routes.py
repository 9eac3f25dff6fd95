"""/contacts: people, their tags, and files of them."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import Form, Query, UploadFile

from services.contacts import service
from services.contacts.files import LARGEST_FILE_BYTES
from services.contacts.importer import import_file
from services.contacts.models import Import
from services.contacts.schemas import (
    ContactIn,
    ContactOut,
    ContactPage,
    ContactPatch,
    ImportOut,
    RejectionOut,
    RejectionPage,
    TagIn,
    TagOut,
)
from services.kit.errors import Invalid
from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, PageAsked, ReadDb, Router

router = Router(prefix="/contacts", tags=["contacts"])
MULTIPART_BYTES = 64 * 1024
"""What a form adds around its file."""


@router.get("", dependencies=[ANYBODY])
def list_contacts(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    search: Annotated[str | None, Query(max_length=100)] = None,
    tag: Annotated[str | None, Query(max_length=50)] = None,
) -> ContactPage:
    """Newest first; `search` is the beginning of a name or of a number."""
    found = service.list_contacts(session, member.tenant_id, page.after, page.limit, search, tag)
    return ContactPage(
        items=[ContactOut.of(person) for person in found],
        next=found[-1].contact.id if len(found) == page.limit else None,
    )


@router.post("", dependencies=[MANAGERS], status_code=201)
def create(given: ContactIn, member: CurrentMember, app: App, session: Db) -> ContactOut:
    """Write one person down."""
    person = service.create(
        session,
        member.tenant_id,
        given.phone,
        given.name,
        given.tags,
        given.fields,
        app.clock.now(),
    )
    return ContactOut.of(person)


@router.get("/tags", dependencies=[ANYBODY])
def list_tags(member: CurrentMember, session: ReadDb) -> list[TagOut]:
    """Every tag with how many contacts have it."""
    return [
        TagOut(id=tag.id, name=tag.name, color=tag.color, contacts=number)
        for tag, number in service.list_tags(session, member.tenant_id)
    ]


@router.post("/tags", dependencies=[MANAGERS], status_code=201)
def create_tag(given: TagIn, member: CurrentMember, app: App, session: Db) -> TagOut:
    """Make a tag."""
    tag = service.create_tag(session, member.tenant_id, given.name, given.color, app.clock.now())
    return TagOut(id=tag.id, name=tag.name, color=tag.color, contacts=0)


@router.post(
    "/upload",
    dependencies=[MANAGERS],
    status_code=201,
    response_model=ImportOut,
    max_body_size=LARGEST_FILE_BYTES + MULTIPART_BYTES,
)
def upload(
    file: UploadFile,
    member: CurrentMember,
    app: App,
    source: Annotated[str | None, Form(max_length=100)] = None,
) -> Import:
    """Import a CSV or Excel file. Every row is accounted for; see `totals` and the rejections."""
    if not file.filename:
        raise Invalid("There is no file.", hint="Choose a CSV or Excel file.")
    folder = app.settings.var / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as copy:
            shutil.copyfileobj(file.file, copy)
        return import_file(
            app.database, app.clock, member.tenant_id, Path(name), file.filename, source
        )
    finally:
        Path(name).unlink(missing_ok=True)


@router.get("/imports/{import_id}", dependencies=[ANYBODY], response_model=ImportOut)
def get_import(import_id: int, member: CurrentMember, session: ReadDb) -> Import:
    """What became of a file."""
    return service.get_import(session, member.tenant_id, import_id)


@router.get("/imports/{import_id}/rejections", dependencies=[ANYBODY])
def rejections(
    import_id: int, page: PageAsked, member: CurrentMember, session: ReadDb
) -> RejectionPage:
    """The rows that were not taken, as they stood in the file, and why."""
    found = service.rejected_rows(session, member.tenant_id, import_id, page.after or 0, page.limit)
    return RejectionPage(
        items=[RejectionOut.model_validate(one) for one in found],
        next=found[-1].row if len(found) == page.limit else None,
    )


@router.get("/{contact_id}", dependencies=[ANYBODY])
def get(contact_id: int, member: CurrentMember, session: ReadDb) -> ContactOut:
    """One person."""
    return ContactOut.of(service.get(session, member.tenant_id, contact_id))


@router.patch("/{contact_id}", dependencies=[MANAGERS])
def change(
    contact_id: int, given: ContactPatch, member: CurrentMember, app: App, session: Db
) -> ContactOut:
    """Change what is sent; the rest stays."""
    changes = given.model_dump(exclude_unset=True)
    for name in ("is_active", "tags", "fields"):
        if changes.get(name, ...) is None:
            del changes[name]
    return ContactOut.of(
        service.update(session, member.tenant_id, contact_id, changes, app.clock.now())
    )


@router.delete("/{contact_id}", dependencies=[MANAGERS], status_code=204)
def delete(contact_id: int, member: CurrentMember, session: Db) -> None:
    """Delete a person with all that is known about them."""
    service.delete(session, member.tenant_id, contact_id)
