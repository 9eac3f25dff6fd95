"""/templates: what a new flow can be made from; and what a flow's template brings anew."""

from typing import Annotated

from fastapi import Header, Response

from flows import service as flows
from flows.etag import etag, revision
from flows.schemas import FlowOut
from flows.shelf import service
from flows.shelf.schemas import InstanceIn, TemplateIn, TemplateItem, TemplateOut, UpdateOut
from services.kit.http import ANYBODY, MANAGERS, App, CurrentMember, Db, ReadDb, Router

router = Router(tags=["templates"])


@router.get("/templates", dependencies=[ANYBODY])
def list_templates(member: CurrentMember, session: ReadDb) -> list[TemplateItem]:
    """The account's own templates and the shipped ones, with the form of their parameters."""
    return [TemplateItem.of(found) for found in service.shelf(session, member.tenant_id)]


@router.post("/templates", dependencies=[MANAGERS], status_code=201)
def make_template(given: TemplateIn, member: CurrentMember, app: App, session: Db) -> TemplateOut:
    """Make a template from a flow. Made again from the same flow, it replaces the first."""
    made = service.make(
        session,
        member.tenant_id,
        given.flow_id,
        given.name,
        given.description,
        member.user_id,
        app.clock.now(),
    )
    return TemplateOut.of(made)


@router.get("/templates/{key}", dependencies=[ANYBODY])
def get_template(key: str, member: CurrentMember, session: ReadDb) -> TemplateOut:
    """A template with its document. `key` is `shipped:<name>` or `own:<number>`."""
    return TemplateOut.of(service.find(session, member.tenant_id, key))


@router.delete("/templates/{key}", dependencies=[MANAGERS], status_code=204)
def delete_template(key: str, member: CurrentMember, session: Db) -> None:
    """Take one of the account's own templates away; flows made from it stay."""
    service.remove(session, member.tenant_id, key)


@router.post("/templates/{key}/instantiate", dependencies=[MANAGERS], status_code=201)
def instantiate(
    key: str, given: InstanceIn, member: CurrentMember, app: App, session: Db, response: Response
) -> FlowOut:
    """Make a flow from a template. Every wrong parameter is listed; publishing is the next step."""
    flow = service.instantiate(
        session,
        member.tenant_id,
        key,
        slug=given.slug,
        name=given.name,
        params=given.params,
        now=app.clock.now(),
    )
    response.headers["ETag"] = etag(flow)
    return FlowOut.model_validate(flow)


@router.get("/flows/{flow_id}/update", dependencies=[ANYBODY])
def get_update(flow_id: int, member: CurrentMember, session: ReadDb) -> UpdateOut:
    """Whether the template of this flow has changed since, and what would change in the flow."""
    flow = flows.get(session, member.tenant_id, flow_id)
    return UpdateOut.of(service.update_of(session, member.tenant_id, flow))


@router.post("/flows/{flow_id}/update", dependencies=[MANAGERS])
def take_update(
    flow_id: int,
    member: CurrentMember,
    app: App,
    session: Db,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> FlowOut:
    """Make the draft what its template is now; name, id and parameters stay. Publish it next."""
    flow = service.take_update(
        session, member.tenant_id, flow_id, revision(if_match), app.clock.now()
    )
    response.headers["ETag"] = etag(flow)
    return FlowOut.model_validate(flow)
