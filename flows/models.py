"""A tenant's flows and their published versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, Json, UtcDateTime, Word

Source = (
    Text().with_variant(mysql.MEDIUMTEXT(), "mysql").with_variant(mysql.MEDIUMTEXT(), "mariadb")
)


class Flow(Base):
    """A flow with its draft as the user spelled it."""

    __tablename__ = "flows"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(Word(60))
    """`id` of the document."""
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(Word(20))
    source: Mapped[str] = mapped_column(Source)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    published_version_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FlowVersion(Base):
    """A published version. Never changes; runs are pinned to it."""

    __tablename__ = "flow_versions"
    __table_args__ = (UniqueConstraint("flow_id", "number"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Id)
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    content_hash: Mapped[str] = mapped_column(Word(64))
    source: Mapped[str] = mapped_column(Source)
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    created_by: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
