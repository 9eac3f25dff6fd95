"""What the routes of the media library answer."""

from datetime import datetime
from typing import Literal

from services.kit.http import Out

FileKind = Literal["image", "video", "audio", "document"]


class MediaOut(Out):
    id: int
    reference: str
    filename: str
    kind: FileKind
    mimetype: str
    size_bytes: int
    width_px: int | None
    height_px: int | None
    source: str
    created_at: datetime


class MediaPage(Out):
    items: list[MediaOut]
    next: int | None
    used_bytes: int
    quota_bytes: int
