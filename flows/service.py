"""A tenant's flows: drafts that are saved as they are, and versions that never change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows import message_fields, param_checks, repository
from flows.check import Report, check
from flows.content_hash import content_hash
from flows.document import Document
from flows.engine.plan import PlanError, PlanProblem, compile_plan, fill_params
from flows.models import Flow, FlowVersion
from flows.problems import Problem
from flows.yaml_text import dump, edit, load
from nodes import catalogue
from services.kit.db import Database
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound, ProductError
from services.kit.ports import PublishedFlow

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


def list_flows(session: Session, tenant_id: int, after: int | None, limit: int) -> Sequence[Flow]:
    return repository.flows(session, tenant_id, after, limit)


def get(session: Session, tenant_id: int, flow_id: int) -> Flow:
    flow = repository.flow(session, tenant_id, flow_id)
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
    flow = get(session, tenant_id, flow_id)
    if flow.revision != revision:
        raise Conflict(
            "Somebody else changed this flow meanwhile.",
            code="stale_revision",
            hint=f"Load revision {flow.revision} and make your change again.",
        )
    slug, name, kind = _head(text)
    if slug != flow.slug and repository.flow_by_slug(session, tenant_id, slug) is not None:
        raise _taken(slug)
    flow.slug, flow.name, flow.kind, flow.source = slug, name, kind, text
    flow.revision += 1
    flow.updated_at = now
    session.flush()
    return flow


def publish(
    database: Database, tenant_id: int, flow_id: int, user_id: int | None, now: datetime
) -> FlowVersion:
    """Make the draft the version that new runs use. The same content is the same version.

    Raises: Invalid with every error of the document.
    """
    with database.reading_session() as session:
        flow = get(session, tenant_id, flow_id)
        text, revision = flow.source, flow.revision
    report = validate(text)
    document = load(text).document
    if not report.ok or document is None:
        raise Invalid(
            f"The flow has {len(report.errors)} errors and can't be published.",
            code="flow_has_errors",
            hint="Mend them and publish again.",
            problems=[_told(found) for found in report.errors[:PROBLEMS_TOLD]],
        )
    digest = content_hash(document)
    with database.session() as session:
        flow = get(session, tenant_id, flow_id)
        if flow.revision != revision:
            raise Conflict(
                "The flow was changed while it was being published.",
                code="stale_revision",
                hint="Publish again.",
            )
        version = repository.version_by_hash(session, tenant_id, flow_id, digest)
        if version is None:
            version = FlowVersion(
                tenant_id=tenant_id,
                flow_id=flow_id,
                number=repository.last_number(session, tenant_id, flow_id) + 1,
                content_hash=digest,
                source=text,
                document=document,
                created_by=user_id,
                created_at=now,
            )
            session.add(version)
            session.flush()
        flow.published_version_id = version.id
        return version


def versions(session: Session, tenant_id: int, flow_id: int) -> Sequence[FlowVersion]:
    get(session, tenant_id, flow_id)
    return repository.versions(session, tenant_id, flow_id)


class TenantFlows:
    """The flows of a tenant, for campaigns (`services.kit.ports.Flows`)."""

    def version(self, session: Session, tenant_id: int, version_id: int) -> PublishedFlow | None:
        found = repository.version(session, tenant_id, version_id)
        if found is None:
            return None
        flow = repository.flow(session, tenant_id, found.flow_id)
        return None if flow is None else PublishedFlow(found.id, flow.id, flow.name, flow.kind)

    def published(self, session: Session, tenant_id: int, flow_id: int) -> PublishedFlow | None:
        flow = repository.flow(session, tenant_id, flow_id)
        if flow is None or flow.published_version_id is None:
            return None
        return self.version(session, tenant_id, flow.published_version_id)

    def fill(
        self, session: Session, tenant_id: int, version_id: int, params: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Sequence[FieldProblem]]:
        found = repository.version(session, tenant_id, version_id)
        if found is None:
            return dict(params), ()
        document = Document.model_validate(found.document)
        wrong = param_checks.numbers(params)
        if wrong:
            return dict(params), wrong  # what is no number can't be compared with limits either
        refused: list[PlanProblem] = []
        filled = fill_params(document, params, refused)
        wrong += [
            FieldProblem(problem.path.lstrip("/").replace("/", "."), problem.message, problem.hint)
            for problem in refused
        ]
        wrong += param_checks.unknown(document, params)
        texts = param_checks.texts(document, filled)
        if texts:
            known = message_fields.known(session, tenant_id, document)
            for name, text in texts.items():
                wrong += param_checks.text(name, text, known)
        if not wrong:
            try:
                compile_plan(document, filled)
            except PlanError as error:
                wrong += param_checks.of_plan(document, error.problems)
        return filled, wrong


def _head(text: str) -> tuple[str, str, str]:
    """Id, name and kind of a document."""
    source = load(text)
    document = source.document
    if document is None:
        raise Invalid(
            "This is no flow document.",
            code="flow_unreadable",
            hint="Mend the text and save again.",
            problems=[_told(found) for found in source.problems[:PROBLEMS_TOLD]],
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


def _told(found: Problem) -> FieldProblem:
    where = found.path if found.range is None else f"{found.range.line}:{found.range.column}"
    return FieldProblem(where, found.message, found.hint)


def _taken(slug: str) -> Conflict:
    return Conflict(
        f"There is a flow with the id '{slug}' already.",
        code="flow_id_taken",
        hint="Change `id` in the document, or open the other flow.",
    )
