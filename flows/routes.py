"""/flows: write, check, try, save and publish flows; and the schema their documents follow."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Response
from sqlalchemy.orm import Session

from flows import publishing, service, switching, trying
from flows.diff import diff
from flows.etag import etag, revision
from flows.models import FlowVersion
from flows.repository import Wanted
from flows.schema import flow_schema
from flows.schemas import (
    ChangesOut,
    ConfigureIn,
    DraftIn,
    DryRunOut,
    FlowDetail,
    FlowIn,
    FlowItem,
    FlowOut,
    FlowPage,
    PublishIn,
    ReportOut,
    RollbackIn,
    SimulateIn,
    TestsOut,
    VersionDetail,
    VersionOut,
)
from flows.shelf import service as shelf
from flows.yaml_text import dump_json, load
from nodes import catalogue
from services.kit.http import (
    ANYBODY,
    MANAGERS,
    App,
    CurrentMember,
    Db,
    Member,
    PageAsked,
    ReadDb,
    Router,
    public,
)

router = Router(tags=["flows"])
IfMatch = Annotated[str | None, Header()]
Which = Annotated[
    str, Query(max_length=12, description="`draft`, `published` or a version's number.")
]


@router.get("/flows", dependencies=[ANYBODY])
def list_flows(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    kind: Annotated[str | None, Query(max_length=20)] = None,
    search: Annotated[str | None, Query(max_length=100)] = None,
    is_active: bool | None = None,
) -> FlowPage:
    """The account's flows, newest first."""
    found = service.list_flows(
        session, member.tenant_id, page.after, page.limit, Wanted(kind, search, is_active)
    )
    return FlowPage(
        items=[FlowItem.model_validate(flow) for flow in found],
        next=found[-1].id if len(found) == page.limit else None,
    )


@router.post("/flows", dependencies=[MANAGERS], status_code=201)
def create_flow(
    given: FlowIn, member: CurrentMember, app: App, session: Db, response: Response
) -> FlowOut:
    """Save a new draft, or import one. Publishing needs it free of errors, saving does not."""
    text = service.text_of(given.source, given.document)
    flow = service.create(session, member.tenant_id, text, app.clock.now())
    response.headers["ETag"] = etag(flow)
    return FlowOut.model_validate(flow)


@router.post("/flows/validate", dependencies=[MANAGERS])
def validate_text(given: FlowIn) -> ReportOut:
    """Every problem of a document that is not saved."""
    text = service.text_of(given.source, given.document)
    return ReportOut.model_validate(service.validate(text).as_json())


@router.get("/flows/{flow_id}", dependencies=[ANYBODY])
def get_flow(
    flow_id: int, member: CurrentMember, session: ReadDb, response: Response
) -> FlowDetail:
    """A flow with its draft; the ETag is its revision."""
    flow = service.get(session, member.tenant_id, flow_id)
    response.headers["ETag"] = etag(flow)
    return FlowDetail(
        **FlowOut.model_validate(flow).model_dump(),
        is_published_as_it_is=publishing.is_published_as_it_is(session, flow),
        has_update=shelf.update_of(session, member.tenant_id, flow) is not None,
    )


@router.put("/flows/{flow_id}", dependencies=[MANAGERS])
def save_flow(
    flow_id: int,
    given: FlowIn,
    member: CurrentMember,
    app: App,
    session: Db,
    response: Response,
    if_match: IfMatch = None,
    dry_run: bool = False,
) -> FlowOut | DryRunOut:
    """Replace the draft. `If-Match` names the revision that was changed; 409 when it is stale.

    With `dry_run` nothing is saved: the answer tells every problem of the text, and what saving it
    would change, node by node.
    """
    old = service.get(session, member.tenant_id, flow_id)
    text = service.text_of(given.source, given.document, old.source)
    if dry_run:
        return _dry_run(old.source, text)
    flow = service.save(
        session, member.tenant_id, flow_id, text, revision(if_match), app.clock.now()
    )
    response.headers["ETag"] = etag(flow)
    return FlowOut.model_validate(flow)


@router.patch("/flows/{flow_id}", dependencies=[MANAGERS])
def configure_flow(
    flow_id: int,
    given: ConfigureIn,
    member: CurrentMember,
    app: App,
    session: Db,
    response: Response,
    if_match: IfMatch = None,
) -> FlowOut:
    """Switch a flow on or off, or fill in its parameters (they count from the next publishing)."""
    flow = switching.configure(
        session,
        member.tenant_id,
        flow_id,
        revision(if_match),
        app.clock.now(),
        is_active=given.is_active,
        params=given.params,
    )
    response.headers["ETag"] = etag(flow)
    return FlowOut.model_validate(flow)


@router.delete("/flows/{flow_id}", dependencies=[MANAGERS], status_code=204)
def delete_flow(flow_id: int, member: CurrentMember, app: App, session: Db) -> None:
    """Take a flow away. Nothing starts it any more; what it did stays readable."""
    switching.delete(session, member.tenant_id, flow_id, app.clock.now())


@router.post("/flows/{flow_id}/validate", dependencies=[MANAGERS])
def validate_flow(flow_id: int, member: CurrentMember, session: ReadDb) -> ReportOut:
    """Every problem of the saved draft."""
    flow = service.get(session, member.tenant_id, flow_id)
    return ReportOut.model_validate(service.validate(flow.source).as_json())


@router.post("/flows/{flow_id}/test", dependencies=[MANAGERS])
def try_cases(
    flow_id: int, member: CurrentMember, session: ReadDb, given: DraftIn | None = None
) -> TestsOut:
    """Run the test cases of the draft, or of the text that is sent. Nothing leaves."""
    return TestsOut.model_validate(trying.test(_tried(flow_id, given, member, session)))


@router.post("/flows/{flow_id}/simulate", dependencies=[MANAGERS])
def simulate_flow(
    flow_id: int, given: SimulateIn, member: CurrentMember, session: ReadDb
) -> dict[str, Any]:
    """Try the draft (or the text that is sent) in memory: what would be sent, with every step."""
    flow = service.get(session, member.tenant_id, flow_id)
    return trying.run(
        _tried(flow_id, given, member, session),
        trigger=given.trigger,
        event=given.event,
        params=(flow.params or {}) if given.params is None else given.params,
        inputs=given.inputs,
        world=given.world,
        context=given.context,
        pins=given.pins,
        answers=given.answers,
        seed=given.seed,
        now=given.now,
    )


@router.post("/flows/{flow_id}/publish", dependencies=[MANAGERS])
def publish_flow(
    flow_id: int, member: CurrentMember, app: App, given: PublishIn | None = None
) -> VersionOut:
    """Make the draft the version new runs use. Unchanged content is the version it was.

    Red test cases stop it, unless `despite` says why not.
    """
    version = publishing.publish(
        app.database,
        member.tenant_id,
        flow_id,
        member.user_id,
        app.clock.now(),
        despite="" if given is None else given.despite,
    )
    return VersionOut.model_validate(version)


@router.get("/flows/{flow_id}/versions", dependencies=[ANYBODY], response_model=list[VersionOut])
def list_versions(flow_id: int, member: CurrentMember, session: ReadDb) -> Sequence[FlowVersion]:
    """What was published, newest first."""
    return service.versions(session, member.tenant_id, flow_id)


@router.get("/flows/{flow_id}/versions/{number}", dependencies=[ANYBODY])
def get_version(flow_id: int, number: int, member: CurrentMember, session: ReadDb) -> VersionDetail:
    """A published version with its text and the parameters it was filled with."""
    return VersionDetail.model_validate(
        publishing.of_number(session, member.tenant_id, flow_id, number)
    )


@router.get("/flows/{flow_id}/diff", dependencies=[ANYBODY])
def compare_versions(
    flow_id: int,
    member: CurrentMember,
    session: ReadDb,
    before: Which = "published",
    after: Which = "draft",
) -> ChangesOut:
    """What changed, node by node; positions stand apart."""
    found = publishing.compare(session, member.tenant_id, flow_id, before, after)
    return ChangesOut(before=before, after=after, diff=found.as_json())


@router.post("/flows/{flow_id}/rollback", dependencies=[MANAGERS])
def roll_back(
    flow_id: int, given: RollbackIn, member: CurrentMember, app: App, session: Db
) -> VersionOut:
    """Make an old version the one that new runs use; runs under way keep theirs."""
    version = publishing.roll_back(
        session,
        member.tenant_id,
        flow_id,
        given.version,
        app.clock.now(),
        with_draft=given.with_draft,
    )
    return VersionOut.model_validate(version)


@router.get("/flows/{flow_id}/export", dependencies=[ANYBODY], response_class=Response)
def export_flow(
    flow_id: int,
    member: CurrentMember,
    session: ReadDb,
    which: Which = "draft",
    form: Annotated[Literal["yaml", "json"], Query(alias="format")] = "yaml",
) -> Response:
    """The document as a file. It holds no secrets: they are bound per account."""
    flow = service.get(session, member.tenant_id, flow_id)
    text = publishing.text_at(session, member.tenant_id, flow_id, which)
    if form == "json":
        text = dump_json(publishing.read(text))
    return Response(
        text,
        media_type=f"application/{form}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{flow.slug}.{form}"'},
    )


@router.get("/schemas/flow.json", dependencies=[public()], tags=["schemas"])
def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of flow documents, for editors."""
    return _schema()


@cache
def _schema() -> dict[str, Any]:
    return flow_schema(catalogue.kinds())


def _dry_run(old: str, new: str) -> DryRunOut:
    before, after = load(old).document, load(new).document
    return DryRunOut(
        report=ReportOut.model_validate(service.validate(new).as_json()),
        diff=None if before is None or after is None else diff(before, after).as_json(),
    )


def _tried(
    flow_id: int, given: DraftIn | None, member: Member, session: Session
) -> Mapping[str, Any]:
    flow = service.get(session, member.tenant_id, flow_id)
    if given is not None and (given.source is not None or given.document is not None):
        return publishing.read(service.text_of(given.source, given.document))
    return publishing.read(flow.source)
