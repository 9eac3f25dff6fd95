"""Publishing: a draft becomes a version that never changes, an old version comes back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows import filling, repository, service, triggers
from flows.content_hash import canonical_json, content_hash
from flows.diff import Diff, diff
from flows.document import Document
from flows.models import Flow, FlowVersion
from flows.simulate import run_cases
from flows.yaml_text import load
from services.kit.db import Database
from services.kit.errors import Conflict, FieldProblem, Invalid, NotFound

VERSION_MOST = 1_000_000_000
"""What a column can look for; no flow comes near."""
STARTED_BY_CAMPAIGNS = frozenset({"broadcast", "subflow"})
"""Kinds whose parameters come with each start; every other flow is filled in once."""


def publish(
    database: Database,
    tenant_id: int,
    flow_id: int,
    user_id: int | None,
    now: datetime,
    *,
    despite: str = "",
) -> FlowVersion:
    """Make the draft the version that new runs use. The same content is the same version.

    `despite`: why it is published although test cases fail.
    Raises: Invalid with every error of the document, every red test case, or every parameter that
    is still to be filled in; Conflict when it was changed meanwhile.
    """
    with database.reading_session() as session:
        flow = service.get(session, tenant_id, flow_id)
        text, revision = flow.source, flow.revision
    document = _sound(text)
    if not despite.strip():
        _green(document)
    with database.session() as session:
        flow = service.get(session, tenant_id, flow_id, to_change=True)
        if flow.revision != revision:
            raise Conflict(
                "The flow was changed while it was being published.",
                code="stale_revision",
                hint="Publish again.",
            )
        version = _version(session, flow, text, document, user_id, now)
        flow.published_version_id = version.id
        triggers.sync(session, flow, version, version.document, version.params, now)
        return version


def roll_back(
    session: Session,
    tenant_id: int,
    flow_id: int,
    number: int,
    now: datetime,
    *,
    with_draft: bool = False,
) -> FlowVersion:
    """Make an old version the one that new runs use; `with_draft` also puts its text back.

    Runs under way keep the version they began with. Raises: NotFound.
    """
    flow = service.get(session, tenant_id, flow_id, to_change=True)
    version = of_number(session, tenant_id, flow_id, number)
    flow.published_version_id = version.id
    if with_draft:
        flow.source, flow.params = version.source, version.params
        flow.name = str(version.document.get("name") or flow.name)[:200]
        flow.revision += 1
    flow.updated_at = now
    triggers.sync(session, flow, version, version.document, version.params, now)
    session.flush()
    return version


def of_number(session: Session, tenant_id: int, flow_id: int, number: int) -> FlowVersion:
    """Raises: NotFound."""
    service.get(session, tenant_id, flow_id)
    version = None
    if 0 < number <= VERSION_MOST:
        version = repository.version_by_number(session, tenant_id, flow_id, number)
    if version is None:
        raise NotFound(f"This flow has no version {number}.", hint="Look at the list of versions.")
    return version


def text_at(session: Session, tenant_id: int, flow_id: int, which: str) -> str:
    """The text of "draft", "published" or a version's number. Raises: NotFound, Invalid."""
    flow = service.get(session, tenant_id, flow_id)
    if which == "draft":
        return flow.source
    if which == "published":
        found = _published(session, flow)
        if found is None:
            raise NotFound("This flow was never published.", hint="Publish it first.")
        return found.source
    if not (which.isascii() and which.isdecimal() and len(which) < 10):
        raise Invalid(
            f"'{which[:40]}' is no version.", hint="Say draft, published, or a number such as 3."
        )
    return of_number(session, tenant_id, flow_id, int(which)).source


def compare(session: Session, tenant_id: int, flow_id: int, before: str, after: str) -> Diff:
    """What changed between two texts of a flow, by node."""
    return diff(
        read(text_at(session, tenant_id, flow_id, before)),
        read(text_at(session, tenant_id, flow_id, after)),
    )


def read(text: str) -> Mapping[str, Any]:
    """The document in a text. Raises: Invalid with what can't be read."""
    source = load(text)
    if source.document is None:
        raise Invalid(
            "The text can't be read.",
            code="flow_unreadable",
            hint="Mend it first.",
            problems=[service.told(found) for found in source.problems[: service.PROBLEMS_TOLD]],
        )
    return source.document


def is_published_as_it_is(session: Session, flow: Flow) -> bool:
    """Whether the draft and its parameters are what runs today."""
    found = _published(session, flow)
    document = load(flow.source).document
    return (
        found is not None
        and document is not None
        and found.content_hash == _hash(document, flow.params)
    )


def _published(session: Session, flow: Flow) -> FlowVersion | None:
    if flow.published_version_id is None:
        return None
    return repository.version(session, flow.tenant_id, flow.published_version_id)


def _sound(text: str) -> dict[str, Any]:
    report = service.validate(text)
    document = load(text).document
    if not report.ok or document is None:
        raise Invalid(
            f"The flow has {len(report.errors)} errors and can't be published.",
            code="flow_has_errors",
            hint="Mend them and publish again.",
            problems=[service.told(found) for found in report.errors[: service.PROBLEMS_TOLD]],
        )
    return document


def _green(document: Mapping[str, Any]) -> None:
    red = [case for case in run_cases(Document.model_validate(document)) if not case.passed]
    if red:
        raise Invalid(
            f"{len(red)} test cases of the flow fail.",
            code="flow_tests_fail",
            hint="Mend the flow or its cases, or publish with `despite` and your reason.",
            problems=[
                FieldProblem(f"tests.{case.name}", failure)
                for case in red
                for failure in case.failures
            ][: service.PROBLEMS_TOLD],
        )


def _version(
    session: Session,
    flow: Flow,
    text: str,
    document: dict[str, Any],
    user_id: int | None,
    now: datetime,
) -> FlowVersion:
    params = dict(flow.params or {})
    if flow.kind not in STARTED_BY_CAMPAIGNS:
        params = _filled(session, flow, document)
    digest = _hash(document, flow.params)
    version = repository.version_by_hash(session, flow.tenant_id, flow.id, digest)
    if version is None:
        version = FlowVersion(
            tenant_id=flow.tenant_id,
            flow_id=flow.id,
            number=repository.last_number(session, flow.tenant_id, flow.id) + 1,
            content_hash=digest,
            source=text,
            document=document,
            params=params,
            created_by=user_id,
            created_at=now,
        )
        session.add(version)
        session.flush()
    return version


def _filled(session: Session, flow: Flow, document: Mapping[str, Any]) -> dict[str, Any]:
    filled, wrong = filling.fill(
        session, flow.tenant_id, Document.model_validate(document), flow.params or {}
    )
    if wrong:
        raise Invalid(
            "The flow's parameters are not filled in.",
            code="flow_params",
            hint="Fill them in (PATCH /api/flows/{id} with `params`) and publish again.",
            problems=_shown(wrong),
        )
    return filled


def _shown(wrong: Sequence[FieldProblem]) -> list[FieldProblem]:
    return list(wrong[: service.PROBLEMS_TOLD])


def _hash(document: Mapping[str, Any], params: Mapping[str, Any] | None) -> str:
    """Of what a version is: the document, and the values it was filled with."""
    if not params:
        return content_hash(document)
    return content_hash({**document, "params filled in": canonical_json(dict(params)).decode()})
