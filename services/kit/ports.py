"""What services need from the packages above them; `runtime` binds it where a process starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from services.kit.errors import FieldProblem


@dataclass(frozen=True, slots=True)
class PublishedFlow:
    """A published version that a campaign may run."""

    version_id: int
    flow_id: int
    name: str
    kind: str


class Flows(Protocol):
    """The flows of a tenant, as a campaign sees them."""

    def version(self, session: Session, tenant_id: int, version_id: int) -> PublishedFlow | None:
        """This version, when it is the tenant's."""

    def published(self, session: Session, tenant_id: int, flow_id: int) -> PublishedFlow | None:
        """The version of a flow that is published now."""

    def fill(
        self, session: Session, tenant_id: int, version_id: int, params: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Sequence[FieldProblem]]:
        """The parameters of a version with their defaults, and what is wrong with them."""
