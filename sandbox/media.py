"""Media files: kept in memory, within bounds, shown by address for a limited time."""

import hashlib
import mimetypes
import time
from collections import OrderedDict
from dataclasses import dataclass

from sandbox.limits import MEDIA_FILE_BYTES_MAX, MEDIA_TOTAL_BYTES_MAX


class MediaTooLarge(Exception):
    """The file is larger than the sandbox keeps."""


@dataclass(slots=True)
class StoredFile:
    data: bytes
    mimetype: str
    expires_at: float
    """Monotonic; infinity when files are kept."""


_EXTENSIONS = {
    "image/jpeg": "jpeg",
    "audio/ogg": "oga",
    "audio/ogg; codecs=opus": "oga",
    "application/pdf": "pdf",
}


def fingerprint(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def extension_for(mimetype: str, filename: str | None) -> str:
    if mimetype in _EXTENSIONS:
        return _EXTENSIONS[mimetype]
    if filename and "." in filename:
        last = filename.rsplit(".", 1)[1].lower()
        if last.isalnum() and len(last) <= 8:
            return last
    return (mimetypes.guess_extension(mimetype.split(";")[0]) or ".bin").lstrip(".")


class MediaStore:
    """Files by key `session/name.ext`. Beyond the total bound the oldest are forgotten."""

    def __init__(self, lifetime_s: float) -> None:
        self.lifetime_s = lifetime_s
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._total_bytes = 0

    def put(self, key: str, data: bytes, mimetype: str) -> None:
        """Raises MediaTooLarge."""
        if len(data) > MEDIA_FILE_BYTES_MAX:
            raise MediaTooLarge(f"{len(data)} bytes; the limit is {MEDIA_FILE_BYTES_MAX}")
        self._forget(key)
        self._files[key] = StoredFile(data, mimetype, self._expiry())
        self._total_bytes += len(data)
        while self._total_bytes > MEDIA_TOTAL_BYTES_MAX:
            self._forget(next(iter(self._files)))

    def _expiry(self) -> float:
        return time.monotonic() + self.lifetime_s if self.lifetime_s > 0 else float("inf")

    def _forget(self, key: str) -> None:
        old = self._files.pop(key, None)
        if old is not None:
            self._total_bytes -= len(old.data)

    def renew(self, key: str) -> bool:
        """Fetch the file again (as `downloadMedia=true` does); whether it is there at all."""
        found = self._files.get(key)
        if found is None:
            return False
        found.expires_at = self._expiry()
        return True

    def get(self, key: str) -> StoredFile | None:
        """The file while its address is alive."""
        found = self._files.get(key)
        if found is None or found.expires_at < time.monotonic():
            return None
        return found

    def get_expired_too(self, key: str) -> StoredFile | None:
        """The file for the phone, which has its own copy."""
        return self._files.get(key)

    def expire_all(self) -> None:
        """What a starting WAHA does with its media folder, unless files are kept."""
        if self.lifetime_s > 0:
            for stored in self._files.values():
                stored.expires_at = 0.0

    def clear(self) -> None:
        self._files.clear()
        self._total_bytes = 0
