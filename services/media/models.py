"""The files of the media library."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.kit.db import TABLE_OPTIONS, Base, Id, UtcDateTime, Word


class MediaFile(Base):
    """A file in a tenant's folder of the media store. The same bytes are kept once a tenant."""

    __tablename__ = "media_files"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        UniqueConstraint("tenant_id", "sha256"),
        Index("ix_media_files_tenant_id_id", "tenant_id", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Word(120))
    """What the file is called in the store: random, with the ending of its content."""
    filename: Mapped[str] = mapped_column(String(200))
    """What its sender called it; shown, never a path."""
    mimetype: Mapped[str] = mapped_column(Word(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Word(64))
    width_px: Mapped[int | None] = mapped_column(Integer)
    height_px: Mapped[int | None] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Word(20), default="upload")
    """upload, or inbound for what a customer sent."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def reference(self) -> str:
        """How flows and messages name it."""
        return f"media:{self.name}"

    @property
    def kind(self) -> str:
        """image, video, audio or document."""
        group = self.mimetype.partition("/")[0]
        return group if group in ("image", "video", "audio") else "document"
