"""Filling in the parameters of a flow, for a campaign or once for the flow itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from flows import message_fields, param_checks, repository
from flows.document import Document
from flows.engine.plan import PlanError, PlanProblem, compile_plan, fill_params
from services.kit.errors import FieldProblem, Invalid
from services.kit.ports import PublishedFlow


def readable(document: Mapping[str, Any] | None) -> Document:
    """The document as a whole. Raises: Invalid when it has errors that must be mended first."""
    try:
        return Document.model_validate(document)
    except ValidationError as error:
        raise Invalid(
            f"The draft has {error.error_count()} errors.",
            code="flow_has_errors",
            hint="Mend them first: POST .../validate lists them.",
        ) from error


def fill(
    session: Session, tenant_id: int, document: Document, params: Mapping[str, Any]
) -> tuple[dict[str, Any], Sequence[FieldProblem]]:
    """The parameters with their defaults, and everything that is wrong with them."""
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
        return fill(session, tenant_id, Document.model_validate(found.document), params)
