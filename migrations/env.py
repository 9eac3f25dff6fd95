"""Runs migrations on the connection it is given; finds the tables of every models.py."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, BigInteger, String, Text

from migrations.tables import metadata


def _include(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    return not (kind == "table" and name == "alembic_version")


def _render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Spell our own column types by name, so that a migration can be read."""
    if kind != "type":
        return False
    variants = getattr(thing, "_variant_mapping", {})
    if isinstance(thing, String) and not isinstance(thing, Text) and "mysql" in variants:
        return f"kit_db.Word({thing.length})"
    if isinstance(thing, BigInteger) and "sqlite" in variants:
        return "kit_db.Id"
    if isinstance(thing, JSON):
        return "kit_db.Json"
    return False


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        raise RuntimeError("run migrations through `alir migrate`, which holds the write lock")
    context.configure(
        connection=connection,
        target_metadata=metadata(),
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=_include,
        compare_type=True,
        render_item=_render,
        user_module_prefix="kit_db.",
    )
    with context.begin_transaction():
        context.run_migrations()


run()
