"""The trigger rows of a published flow: what may start it, and by which address."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from domain.zones import UnknownZone
from flows import repository, schedules
from flows.document import Document, TriggerDoc, split_type
from flows.engine.plan import PlanProblem, fill_params
from flows.models import Flow, FlowVersion, Trigger
from flows.references import resolve
from nodes import catalogue

TOKEN_BYTES = 24
"""192 bits: a hook's address can't be guessed."""
WEBHOOK = "webhook"


def sync(
    session: Session,
    flow: Flow,
    version: FlowVersion,
    document: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    now: datetime,
) -> list[Trigger]:
    """Make the rows of `flow` those of this published version; in the transaction that publishes.

    Call it as well when the flow is switched on or off, or its `params` change. An entry that stays
    keeps its token, its signing key, its place and whether a person switched it off; rows of
    entries that are gone go with their schedules. An entry that is disabled, or whose form is not
    filled in, has a row that starts nothing.
    """
    parsed = Document.model_validate(document)
    refused: list[PlanProblem] = []
    filled = fill_params(parsed, params or {}, refused)
    rows = {row.name: row for row in repository.triggers_of(session, flow.tenant_id, flow.id)}
    for name in set(rows) - set(parsed.triggers):
        session.delete(rows.pop(name))
    session.flush()
    kept: list[Trigger] = []
    for place, (name, entry) in enumerate(parsed.triggers.items()):
        kind, _ = split_type(entry.type)
        row = rows.get(name)
        if row is not None and row.type != kind:
            session.delete(row)
            session.flush()
            row = None
        if row is None:
            row = Trigger(
                tenant_id=flow.tenant_id,
                flow_id=flow.id,
                name=name,
                type=kind,
                position=place,
                is_on=True,
                token=secrets.token_urlsafe(TOKEN_BYTES) if kind == WEBHOOK else None,
                created_at=now,
            )
            session.add(row)
        row.params, is_whole = form_values(entry, filled)
        row.flow_version_id = version.id
        row.is_active = (
            flow.is_active
            and flow.deleted_at is None
            and row.is_on
            and is_whole
            and not entry.disabled
        )
        row.updated_at = now
        session.flush()
        if kind == schedules.SCHEDULE:
            schedules.follow(session, row, now)
        kept.append(row)
    return kept


def form_values(entry: TriggerDoc, params: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The form of a trigger with parameters put in and defaults filled, and whether it is whole."""
    given = resolve(entry.with_, {"params": params})
    values = {name: value for name, value in given.items() if value is not None}
    kind = catalogue.find(entry.type)
    if kind is None:
        return values, False
    try:
        form = kind.params.model_validate(values)
    except (ValidationError, UnknownZone):
        return values, False
    return form.model_dump(mode="json"), True
