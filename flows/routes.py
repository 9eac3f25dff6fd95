"""/flows: write, check, save and publish flows; and the schema their documents follow."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

from fastapi import Header, Response

from flows import service
from flows.models import FlowVersion
from flows.schema import flow_schema
from flows.schemas import FlowIn, FlowItem, FlowOut, FlowPage, ReportOut, VersionOut
from nodes import catalogue
from services.kit.errors import Invalid
from services.kit.http import (
    ANYBODY,
    MANAGERS,
    App,
    CurrentMember,
    Db,
    PageAsked,
    ReadDb,
    Router,
    public,
)

router = Router(tags=["flows"])
_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


@router.get("/flows", dependencies=[ANYBODY])
def list_flows(page: PageAsked, member: CurrentMember, session: ReadDb) -> FlowPage:
    """The tenant's flows, newest first."""
    found = service.list_flows(session, member.tenant_id, page.after, page.limit)
    return FlowPage(
        items=[FlowItem.model_validate(flow) for flow in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post("/flows", dependencies=[MANAGERS], status_code=201)
def create_flow(
    given: FlowIn, member: CurrentMember, app: App, session: Db, response: Response
) -> FlowOut:
    """Save a new draft. It may still hold problems; publishing needs it free of errors."""
    text = service.text_of(given.source, given.document)
    flow = service.create(session, member.tenant_id, text, app.clock.now())
    response.headers["ETag"] = f'"{flow.revision}"'
    return FlowOut.model_validate(flow)


@router.post("/flows/validate", dependencies=[MANAGERS])
def validate_text(given: FlowIn) -> ReportOut:
    """Every problem of a document that is not saved."""
    text = service.text_of(given.source, given.document)
    return ReportOut.model_validate(service.validate(text).as_json())


@router.get("/flows/{flow_id}", dependencies=[ANYBODY])
def get_flow(flow_id: int, member: CurrentMember, session: ReadDb, response: Response) -> FlowOut:
    """A flow with its draft; the ETag is its revision."""
    flow = service.get(session, member.tenant_id, flow_id)
    response.headers["ETag"] = f'"{flow.revision}"'
    return FlowOut.model_validate(flow)


@router.put("/flows/{flow_id}", dependencies=[MANAGERS])
def save_flow(
    flow_id: int,
    given: FlowIn,
    member: CurrentMember,
    app: App,
    session: Db,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> FlowOut:
    """Replace the draft. `If-Match` names the revision that was changed; 409 when it is stale."""
    old = service.get(session, member.tenant_id, flow_id)
    text = service.text_of(given.source, given.document, old.source)
    flow = service.save(
        session, member.tenant_id, flow_id, text, _revision(if_match), app.clock.now()
    )
    response.headers["ETag"] = f'"{flow.revision}"'
    return FlowOut.model_validate(flow)


@router.post("/flows/{flow_id}/validate", dependencies=[MANAGERS])
def validate_flow(flow_id: int, member: CurrentMember, session: ReadDb) -> ReportOut:
    """Every problem of the saved draft."""
    flow = service.get(session, member.tenant_id, flow_id)
    return ReportOut.model_validate(service.validate(flow.source).as_json())


@router.post("/flows/{flow_id}/publish", dependencies=[MANAGERS])
def publish_flow(flow_id: int, member: CurrentMember, app: App) -> VersionOut:
    """Make the draft the version new runs use. Unchanged content is the version it was."""
    version = service.publish(
        app.database, member.tenant_id, flow_id, member.user_id, app.clock.now()
    )
    return VersionOut.model_validate(version)


@router.get("/flows/{flow_id}/versions", dependencies=[ANYBODY], response_model=list[VersionOut])
def list_versions(flow_id: int, member: CurrentMember, session: ReadDb) -> Sequence[FlowVersion]:
    """What was published, newest first."""
    return service.versions(session, member.tenant_id, flow_id)


@router.get("/schemas/flow.json", dependencies=[public()], tags=["schemas"])
def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of flow documents, for editors."""
    return _schema()


@cache
def _schema() -> dict[str, Any]:
    return flow_schema(catalogue.kinds())


def _revision(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Invalid("If-Match is no revision.", hint='Send the ETag as it was given, like "3".')
    return int(found[1])
