"""Compiled flow versions, kept per process: a version never changes, nor do a campaign's params."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, select

from flows.document import Document
from flows.engine.plan import Plan, compile_plan
from flows.models import FlowVersion

versions = FlowVersion.__table__
KEPT = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """A version with its own params, ready to run."""

    plan: Plan
    document_triggers: Mapping[str, Mapping[str, Any]]
    """The triggers as the document has them, defaults filled in."""


class Plans:
    """Plans by version and params, the latest used ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], Plan] = OrderedDict()
        self._own: OrderedDict[int, Kept] = OrderedDict()

    def get(self, connection: Connection, version_id: int, params: Mapping[str, Any]) -> Plan:
        """The plan; compiled when it is not at hand.

        Raises: PlanError when the stored document no longer compiles, LookupError when it is gone.
        """
        key = (
            version_id,
            sha256(orjson.dumps(dict(params), option=orjson.OPT_SORT_KEYS)).hexdigest(),
        )
        plan = self._kept.get(key)
        if plan is None:
            document = connection.execute(
                select(versions.c.document).where(versions.c.id == version_id)
            ).scalar()
            if document is None:
                raise LookupError(f"flow version {version_id} is gone")
            plan = compile_plan(Document.model_validate(document), params)
            self._kept[key] = plan
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return plan

    def of_version(self, connection: Connection, version_id: int) -> Kept:
        """A version with the params it was published with: for every run but a campaign's.

        Raises: PlanError when the stored document no longer compiles, LookupError when it is gone.
        """
        kept = self._own.get(version_id)
        if kept is None:
            row = connection.execute(
                select(versions.c.document, versions.c.params).where(versions.c.id == version_id)
            ).first()
            if row is None:
                raise LookupError(f"flow version {version_id} is gone")
            document = Document.model_validate(row.document)
            kept = self._own[version_id] = Kept(
                compile_plan(document, row.params or {}),
                {
                    name: entry.model_dump(mode="json", exclude={"with_"})
                    for name, entry in document.triggers.items()
                },
            )
            if len(self._own) > KEPT:
                self._own.popitem(last=False)
        self._own.move_to_end(version_id)
        return kept
