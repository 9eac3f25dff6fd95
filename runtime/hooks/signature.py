"""Whether a delivery was signed with the hook's key, a moment ago."""

import hmac
from datetime import datetime
from hashlib import sha256

TIMESTAMP, SIGNATURE = "x-alir-timestamp", "x-alir-signature"
TOLERANCE_S = 300
PREFIX = "sha256="


def sign(key: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, as hexadecimal digits."""
    return hmac.new(key, timestamp.encode() + b"." + body, sha256).hexdigest()


def why_not(
    key: bytes, timestamp: str | None, signature: str | None, body: bytes, now: datetime
) -> str | None:
    """Why a delivery can't be believed; None when it can."""
    if not timestamp or not signature:
        return f"Send {TIMESTAMP} and {SIGNATURE}."
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return f"{TIMESTAMP} is the time in seconds since 1970."
    given = signature.removeprefix(PREFIX)
    if not given.isascii() or not hmac.compare_digest(sign(key, timestamp, body), given):
        return "The signature does not fit the body."
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        return f"The delivery is more than {TOLERANCE_S} seconds old, or from the future."
    return None


def digest(key: str) -> str:
    """A caller's own key in the space that a row has for it."""
    return sha256(key.encode()).hexdigest()[:40]


def fingerprint(timestamp: str, body: bytes) -> str:
    """The same for the same signed delivery, however often it is sent."""
    return sha256(timestamp.encode() + b"." + body).hexdigest()[:40]
