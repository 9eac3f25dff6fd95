"""Queries of hooks. The one by token comes before a tenant is known."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from flows.models import Flow, FlowVersion, Trigger
from runtime.claims import runs
from services.accounts.models import Tenant
from services.kit.models import IdempotencyKey
from services.kit.statements import Hot

triggers: Table = Trigger.__table__  # type: ignore[assignment]
flows: Table = Flow.__table__  # type: ignore[assignment]
versions: Table = FlowVersion.__table__  # type: ignore[assignment]
tenants: Table = Tenant.__table__  # type: ignore[assignment]
keys: Table = IdempotencyKey.__table__  # type: ignore[assignment]


_BY_TOKEN = Hot(
    select(
        triggers.c.id,
        triggers.c.tenant_id,
        triggers.c.flow_id,
        triggers.c.flow_version_id,
        triggers.c.name,
        triggers.c.params,
        triggers.c.secret_sealed,
    )
    .join(tenants, tenants.c.id == triggers.c.tenant_id)
    .where(
        triggers.c.token == bindparam("token"),
        triggers.c.is_active,
        triggers.c.type == "webhook",
        tenants.c.is_active,
    )
)


def by_token(connection: Connection, token: str) -> Any:
    """An active hook of a tenant that is active, or None: one look at an index."""
    found = _BY_TOKEN.all(connection, {"token": token})
    return found[0] if found else None


def version(
    connection: Connection, tenant_id: int, version_id: int
) -> Row[*tuple[Any, ...]] | None:
    """Document and parameters of a version; they never change."""
    return connection.execute(
        select(versions.c.document, versions.c.params).where(
            versions.c.tenant_id == tenant_id, versions.c.id == version_id
        )
    ).first()


def started(connection: Connection, tenant_id: int, key: str) -> Row[*tuple[Any, ...]] | None:
    """The run that was started under this dedupe key."""
    return connection.execute(
        select(runs.c.id, runs.c.status, runs.c.created_at).where(
            runs.c.tenant_id == tenant_id, runs.c.dedupe_key == key
        )
    ).first()


def forget_key(connection: Connection, tenant_id: int, run_id: int) -> None:
    """Let the dedupe key of an old run be used again."""
    connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.id == run_id)
        .values(dedupe_key=None)
    )


def use_once(connection: Connection, tenant_id: int, key: str, now: datetime) -> bool:
    """Note a key down; False when it was used before."""
    try:
        with connection.begin_nested():
            connection.execute(
                insert(keys),
                {"tenant_id": tenant_id, "key": key, "body_hash": "", "created_at": now},
            )
    except IntegrityError:
        return False
    return True
