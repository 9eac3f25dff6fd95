"""Tells what a file is by its own bytes; what its name or its sender say is not asked."""

from dataclasses import dataclass

HEAD_BYTES = 64
"""How much of a file's beginning tells what it is."""
TAIL_BYTES = 64 * 1024
"""An Office file is a zip; the names of its parts stand at its end."""
MAX_MEDIA_BYTES = 16 * 1024 * 1024
"""WhatsApp's own limit for pictures, sound and film."""
MAX_PDF_BYTES = 20 * 1024 * 1024
SUPPORTED = "JPEG, PNG, WebP, GIF, MP4, MOV, 3GP, OGG, MP3, M4A, AAC, AMR, PDF, DOCX, XLSX, PPTX"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of file: how it is called, the ending of its name, and how large one may be."""

    mimetype: str
    extension: str
    most_bytes: int = MAX_MEDIA_BYTES

    @property
    def is_picture(self) -> bool:
        return self.mimetype.startswith("image/")


PDF = Kind("application/pdf", ".pdf", MAX_PDF_BYTES)
_ZIP = b"PK\x03\x04"
_BEGINNINGS: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", Kind("image/jpeg", ".jpg")),
    (b"\x89PNG\r\n\x1a\n", Kind("image/png", ".png")),
    (b"GIF87a", Kind("image/gif", ".gif")),
    (b"GIF89a", Kind("image/gif", ".gif")),
    (b"%PDF-", PDF),
    (b"OggS", Kind("audio/ogg", ".ogg")),
    (b"ID3", Kind("audio/mpeg", ".mp3")),
    (b"\xff\xfb", Kind("audio/mpeg", ".mp3")),
    (b"\xff\xf3", Kind("audio/mpeg", ".mp3")),
    (b"\xff\xf1", Kind("audio/aac", ".aac")),
    (b"\xff\xf9", Kind("audio/aac", ".aac")),
    (b"#!AMR", Kind("audio/amr", ".amr")),
)
_MP4_BRANDS: tuple[tuple[bytes, Kind], ...] = (
    (b"M4A", Kind("audio/mp4", ".m4a")),
    (b"qt  ", Kind("video/quicktime", ".mov")),
    (b"3g", Kind("video/3gpp", ".3gp")),
    *((brand, Kind("video/mp4", ".mp4")) for brand in (b"iso", b"mp4", b"avc", b"M4V", b"dash")),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_PARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"word/document.xml", Kind(f"{_OFFICE}wordprocessingml.document", ".docx")),
    (b"xl/workbook.xml", Kind(f"{_OFFICE}spreadsheetml.sheet", ".xlsx")),
    (b"ppt/presentation.xml", Kind(f"{_OFFICE}presentationml.presentation", ".pptx")),
)


def kind_of(head: bytes, tail: bytes = b"") -> Kind | None:
    """The type of a file that begins and ends like this; None for what we do not take."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind("image/webp", ".webp")
    if head[4:8] == b"ftyp":
        return next((kind for brand, kind in _MP4_BRANDS if head[8:12].startswith(brand)), None)
    if head.startswith(_ZIP):
        return next((kind for part, kind in _OFFICE_PARTS if part in tail), None)
    return None


def may_become(head: bytes) -> bool:
    """Whether a file that begins like this is worth reading to its end."""
    return head.startswith(_ZIP) or kind_of(head) is not None
