"""Checking that a webhook comes from our WAHA."""

import hashlib
import hmac


def verify_hmac(raw: bytes, signature_header: str | None, key: bytes) -> bool:
    """Whether `X-Webhook-Hmac` signs exactly these body bytes (SHA-512, hex).

    Never raises: a missing, broken or non-ASCII header is simply not a signature, and neither is
    anything under an empty key.
    """
    if not signature_header or not key:
        return False
    expected = hmac.digest(key, raw, hashlib.sha512).hex().encode("ascii")
    given = signature_header.strip().lower().encode("utf-8", "replace")
    return hmac.compare_digest(expected, given)
