"""Runs every level of checks over one document, however broken it is."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from flows.check import expressions, forms, graph, lint, places, references, schemas, testcases
from flows.check import secrets as secrets_
from flows.check import tenant as tenant_
from flows.check.outline import outline
from flows.check.report import Notebook, Report, Tenant
from flows.check.shape import check_format, check_shape
from flows.check.signs import check_signs
from flows.document import Document
from flows.source import Source
from flows.yaml_text import load
from nodes.contract import NodeKind


def check(
    document: str | Source | Mapping[str, Any],
    catalogue: Iterable[NodeKind],
    tenant: Tenant | None = None,
) -> Report:
    """Every problem of a document: shape, graph, references, expressions, tenant, lint.

    `document` is a text (YAML or JSON; problems then have ranges), a text already read, or a
    plain dict; of a document in a newer format nothing else is told. `catalogue` is
    `nodes.catalogue.kinds()`. Without a `tenant` nothing of a tenant
    is checked, and an unknown message field is told only when it looks like a slip (a warning).
    """
    source = load(document) if isinstance(document, str) else document
    notebook = Notebook(source if isinstance(source, Source) else None)
    raw: Mapping[str, Any] | None
    if isinstance(source, Source):
        notebook.problems.extend(source.problems)
        raw = source.document
    else:
        raw = source
    if raw is None or not check_format(raw, notebook) or not places.check_bounds(raw, notebook):
        return Report(notebook.sorted(), None)
    check_signs(raw, notebook)
    check_shape(raw, notebook)
    whole = outline(raw, catalogue)
    graph.check_graph(whole, notebook)
    forms.check_forms(whole, notebook)
    schemas.check_schemas(whole, notebook)
    references.check_references(whole, notebook)
    expressions.check_expressions(whole, notebook, tenant)
    secrets_.check_secrets(raw, notebook)
    testcases.check_tests(whole, notebook)
    if tenant is not None:
        tenant_.check_tenant(whole, notebook, tenant)
    lint.check_habits(whole, notebook)
    return Report(notebook.sorted(), _document(raw))


def _document(raw: Mapping[str, Any]) -> Document | None:
    try:
        return Document.model_validate(raw)
    except ValidationError:  # told in full by check_shape
        return None
