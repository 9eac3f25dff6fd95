"""Templates: those that are shipped, and a tenant's own; flows are made from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from flows import filling, repository, service
from flows.content_hash import content_hash
from flows.diff import Diff, diff
from flows.document import Document, is_id
from flows.models import Flow, FlowTemplate
from flows.publishing import read
from flows.yaml_text import edit, load
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound

FOLDER = Path(__file__).parent.parent / "templates"
SHIPPED, OWN = "shipped", "own"
TEMPLATES_MOST = 200
"""A tenant's own."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template, wherever it lives. `key` is `shipped:<id>` or `own:<number>`."""

    key: str
    name: str
    description: str
    kind: str
    tags: tuple[str, ...]
    source: str
    document: Mapping[str, Any]
    content_hash: str

    @property
    def params(self) -> Mapping[str, Any] | None:
        return self.document.get("params")


def shelf(session: Session, tenant_id: int) -> list[Template]:
    """Every template the tenant may use: its own first, newest first, then the shipped ones."""
    own = [_own(row) for row in repository.templates(session, tenant_id)]
    return [*own, *_shipped().values()]


def find(session: Session, tenant_id: int, key: str) -> Template:
    """Raises: NotFound."""
    origin, _, name = key.partition(":")
    if origin == SHIPPED and name in _shipped():
        return _shipped()[name]
    if origin == OWN and name.isascii() and name.isdecimal() and len(name) < 19:
        row = repository.template(session, tenant_id, int(name))
        if row is not None:
            return _own(row)
    raise NotFound("There is no such template.", hint="GET /api/templates lists them.")


def make(
    session: Session,
    tenant_id: int,
    flow_id: int,
    name: str | None,
    description: str | None,
    user_id: int | None,
    now: datetime,
) -> Template:
    """A template of the tenant from the draft of one of its flows, which must be free of errors.

    A second one from the same flow replaces the first: flows made from it see an update.
    Raises: Invalid with every error.
    """
    flow = service.get(session, tenant_id, flow_id)
    report = service.validate(flow.source)
    if not report.ok:
        raise Invalid(
            f"The flow has {len(report.errors)} errors.",
            code="flow_has_errors",
            hint="Mend them first.",
            problems=[service.told(found) for found in report.errors[: service.PROBLEMS_TOLD]],
        )
    document = read(flow.source)
    row = repository.template_by_slug(session, tenant_id, flow.slug)
    if row is None:
        if len(repository.templates(session, tenant_id)) >= TEMPLATES_MOST:
            raise Conflict(
                f"There are {TEMPLATES_MOST} templates already.",
                code="too_many_templates",
                hint="Delete one that is not used any more.",
            )
        row = FlowTemplate(tenant_id=tenant_id, slug=flow.slug, created_by=user_id, created_at=now)
        session.add(row)
    row.name = name or flow.name
    row.description = str(document.get("description") or "" if description is None else description)
    row.description = row.description[:500]
    row.kind = flow.kind
    row.source = flow.source
    row.content_hash = content_hash(document)
    row.updated_at = now
    session.flush()
    return _own(row)


def remove(session: Session, tenant_id: int, key: str) -> None:
    """Take one of the tenant's own away; flows made from it stay as they are."""
    template = find(session, tenant_id, key)
    if not template.key.startswith(f"{OWN}:"):
        raise Invalid("Shipped templates stay.", hint="Only your own templates can be deleted.")
    row = repository.template(session, tenant_id, int(template.key.partition(":")[2]))
    session.delete(row)
    session.flush()


def instantiate(
    session: Session,
    tenant_id: int,
    key: str,
    *,
    slug: str | None,
    name: str | None,
    params: Mapping[str, Any],
    now: datetime,
) -> Flow:
    """A flow of the tenant from a template, filled in.

    `slug` may be left out: then it is the template's, with a number behind it where it is taken.
    Raises: Invalid with every wrong parameter, Conflict when the id is taken.
    """
    template = find(session, tenant_id, key)
    document = Document.model_validate(template.document)
    filled, wrong = filling.fill(session, tenant_id, document, params)
    if wrong:
        raise Invalid("These parameters can't be used.", problems=list(wrong))
    if slug is None:
        slug = _free_slug(session, tenant_id, str(template.document["id"]))
    elif not is_id(slug):
        raise Invalid(
            f"'{slug}' can't be the id of a flow.",
            problems=[
                FieldProblem("slug", "This is no id.", "Write a-z, 0-9 and _, like promo_1.")
            ],
        )
    changed = {**template.document, "id": slug, "name": name or template.name}
    flow = service.create(session, tenant_id, edit(template.source, changed), now)
    flow.params = filled
    flow.template = template.key
    flow.template_hash = template.content_hash
    session.flush()
    return flow


@dataclass(frozen=True, slots=True)
class Update:
    """A newer form of the template a flow was made from; `diff` leads from the flow to it."""

    template: Template
    diff: Diff


def update_of(session: Session, tenant_id: int, flow: Flow) -> Update | None:
    """What a flow's template brings that the flow has not seen yet; None when there is nothing."""
    if flow.template is None:
        return None
    try:
        template = find(session, tenant_id, flow.template)
    except NotFound:
        return None  # the template was deleted: there is nothing to follow
    if template.content_hash == flow.template_hash:
        return None
    return Update(template, diff(read(flow.source), _as_flow(template, flow)))


def take_update(
    session: Session, tenant_id: int, flow_id: int, revision: int | None, now: datetime
) -> Flow:
    """Make the draft what the template is now; name, id and parameters stay. It is not published.

    Raises: NotFound when there is no update, Conflict when the flow was changed meanwhile.
    """
    flow = service.get(session, tenant_id, flow_id, to_change=True)
    update = update_of(session, tenant_id, flow)
    if update is None:
        raise NotFound("There is no update for this flow.")
    text = edit(update.template.source, _as_flow(update.template, flow))
    flow = service.save(session, tenant_id, flow_id, text, revision, now)
    flow.template_hash = update.template.content_hash
    session.flush()
    return flow


def _as_flow(template: Template, flow: Flow) -> dict[str, Any]:
    return {**template.document, "id": flow.slug, "name": flow.name}


def _free_slug(session: Session, tenant_id: int, wanted: str) -> str:
    slug, number = wanted, 1
    while repository.flow_by_slug(session, tenant_id, slug) is not None:
        number += 1
        slug = f"{wanted[:35]}_{number}"
    return slug


@cache
def _shipped() -> dict[str, Template]:
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        template = _template(f"{SHIPPED}:{path.stem}", path.read_text(encoding="utf-8"))
        found[path.stem] = template
    return found


def _own(row: FlowTemplate) -> Template:
    return _template(f"{OWN}:{row.id}", row.source, name=row.name, description=row.description)


def _template(
    key: str, source: str, *, name: str | None = None, description: str | None = None
) -> Template:
    document = load(source).document
    if document is None:
        raise ValueError(f"the template {key} can't be read")
    return Template(
        key=key,
        name=str(name or document["name"]),
        description=str(document.get("description") or "" if description is None else description),
        kind=str(document["kind"]),
        tags=tuple(document.get("tags") or ()),
        source=source,
        document=document,
        content_hash=content_hash(document),
    )
