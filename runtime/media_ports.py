"""What nodes ask about media files: which file a reference means, and what stands in a picture."""

from pathlib import Path

from sqlalchemy import Connection

from nodes.contract import Media, NodeError, ReadText
from services.integrations.media import store
from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError
from services.media import repository

MEDIA = "media:"
"""What a reference to a file of the tenant's media store begins with."""


class MediaPorts:
    """The files of one tenant for one batch: each reference is looked up once."""

    def __init__(self, connection: Connection, tenant_id: int, root: Path, ocr_url: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._root = root
        self._ocr_url = ocr_url
        self._known: dict[str, Media] = {}

    def media(self, reference: str) -> Media:
        """The file as a message carries it. Raises: NodeError."""
        found = self._known.get(reference)
        if found is None:
            named = self._named(reference)
            self._stored(named, store.MAX_SEND_BYTES)
            found = self._known[reference] = named
        return found

    def read_image(self, reference: str, timeout_s: float) -> ReadText:
        """What stands in the file. Raises: NodeError, retriable while the reader is away."""
        stored = self._stored(self._named(reference), store.MAX_BYTES)
        # Reading takes seconds: a snapshot that is held meanwhile would keep SQLite's log growing.
        self._connection.rollback()
        path = stored.path.relative_to(self._root).as_posix()
        try:
            scan = client.scan_stored(self._ocr_url, path, stored.path, timeout_s)
        except OcrError as error:
            after = {} if error.retry_after_s is None else {"retry_after_s": error.retry_after_s}
            raise NodeError(
                f"{error.message} {error.hint}".strip(),
                kind="timeout" if error.code == "timeout" else "upstream",
                code=error.code,
                retriable=error.temporary,
                detail=after,
            ) from error
        except OSError as error:
            raise NodeError(
                f"The file can't be read: {error.strerror}.", code="no_such_media"
            ) from (error)
        lines = [
            {"text": line.text, "confidence": round(line.confidence, 4), "page": line.page}
            for line in scan.lines
        ]
        return ReadText(scan.text, lines, scan.confidence)

    def _named(self, reference: str) -> Media:
        """A file of the library, or one that somebody laid into the tenant's folder."""
        name = reference.removeprefix(MEDIA)
        row = repository.named(self._connection, self._tenant_id, name)
        if row is not None:
            return Media(MEDIA + row.name, row.mimetype, row.filename)
        stored = self._stored(Media(MEDIA + name, ""), store.MAX_BYTES)
        return Media(MEDIA + stored.name, stored.mimetype, stored.name)

    def _stored(self, media: Media, most_bytes: int) -> store.StoredFile:
        name = media.url.removeprefix(MEDIA)
        try:
            return store.find(self._root, self._tenant_id, name, most_bytes=most_bytes)
        except store.MediaProblem as problem:
            raise NodeError(str(problem), code=problem.code) from problem
