"""A tenant's flows and their drafts, which are saved as they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows import repository
from flows.check import Report, check
from flows.models import Flow, FlowVersion
from flows.problems import Problem
from flows.repository import Wanted
from flows.yaml_text import dump, edit, load
from nodes import catalogue
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound, ProductError

PROBLEMS_TOLD = 100


class PreconditionRequired(ProductError):
    status = 428
    code = "precondition_required"


def validate(text: str) -> Report:
    """Every problem of a document. Costs milliseconds: never inside of a transaction."""
    return check(text, catalogue.kinds())


def create(session: Session, tenant_id: int, text: str, now: datetime) -> Flow:
    """Save a new draft; it may hold problems, but it must say what it is.

    Raises: Invalid when the text can't be read, Conflict when the id is taken.
    """
    slug, name, kind = _head(text)
    if repository.flow_by_slug(session, tenant_id, slug) is not None:
        raise _taken(slug)
    flow = Flow(
        tenant_id=tenant_id,
        slug=slug,
        name=name,
        kind=kind,
        source=text,
        revision=1,
        created_at=now,
        updated_at=now,
    )
    session.add(flow)
    session.flush()
    return flow


def text_of(source: str | None, document: Mapping[str, Any] | None, old: str | None = None) -> str:
    """The text to save: as written, or a document put into words (comments of `old` stay)."""
    if source is not None:
        return source
    if document is None:
        raise Invalid("There is no document.", hint="Send `source` (text) or `document` (object).")
    return dump(document) if old is None else edit(old, document)


def list_flows(
    session: Session, tenant_id: int, after: int | None, limit: int, wanted: Wanted
) -> Sequence[Flow]:
    return repository.flows(session, tenant_id, after, limit, wanted)


def get(session: Session, tenant_id: int, flow_id: int, *, to_change: bool = False) -> Flow:
    """The flow; `to_change` holds its row until the commit, so that no other save comes between.

    Raises: NotFound when the tenant has none with this id, or it was deleted.
    """
    flow = repository.flow(session, tenant_id, flow_id, to_change=to_change)
    if flow is None:
        raise NotFound("There is no such flow.")
    return flow


def save(
    session: Session, tenant_id: int, flow_id: int, text: str, revision: int | None, now: datetime
) -> Flow:
    """Replace the draft that the user saw, `revision`.

    Raises: Conflict when somebody else saved meanwhile.
    """
    if revision is None:
        raise PreconditionRequired(
            "Say which revision you changed.", hint="Send If-Match with the flow's ETag."
        )
    flow = get(session, tenant_id, flow_id, to_change=True)
    expect(flow, revision)
    slug, name, kind = _head(text)
    if slug != flow.slug and repository.flow_by_slug(session, tenant_id, slug) is not None:
        raise _taken(slug)
    flow.slug, flow.name, flow.kind, flow.source = slug, name, kind, text
    flow.revision += 1
    flow.updated_at = now
    session.flush()
    return flow


def versions(session: Session, tenant_id: int, flow_id: int) -> Sequence[FlowVersion]:
    get(session, tenant_id, flow_id)
    return repository.versions(session, tenant_id, flow_id)


def expect(flow: Flow, revision: int) -> None:
    """Raises: Conflict when the flow is not at the revision that its changer saw."""
    if flow.revision != revision:
        raise Conflict(
            "Somebody else changed this flow meanwhile.",
            code="stale_revision",
            hint=f"Load revision {flow.revision} and make your change again.",
        )


def _head(text: str) -> tuple[str, str, str]:
    """Id, name and kind of a document."""
    source = load(text)
    document = source.document
    if document is None:
        raise Invalid(
            "This is no flow document.",
            code="flow_unreadable",
            hint="Mend the text and save again.",
            problems=[told(found) for found in source.problems[:PROBLEMS_TOLD]],
        )
    slug, kind = document.get("id"), document.get("kind")
    missing = [
        FieldProblem(f"/{name}", f"A flow needs its {name}.", f"Write `{name}: ...` at the top.")
        for name, value, longest in (("id", slug, 60), ("kind", kind, 20))
        if not isinstance(value, str) or not 0 < len(value) <= longest
    ]
    if missing:
        raise Invalid("The document does not say what it is.", code="flow_head", problems=missing)
    return str(slug), str(document.get("name") or slug)[:200], str(kind)


def told(found: Problem) -> FieldProblem:
    where = found.path if found.range is None else f"{found.range.line}:{found.range.column}"
    return FieldProblem(where, found.message, found.hint)


def _taken(slug: str) -> Conflict:
    return Conflict(
        f"There is a flow with the id '{slug}' already.",
        code="flow_id_taken",
        hint="Change `id` in the document, or open the other flow.",
    )
